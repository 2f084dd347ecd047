"""Configuration: closed, typed, and helpful where it refuses."""

from pathlib import Path

import pytest

from zerosight.train.config import ConfigError, RunConfig, build, known_keys, override
from zerosight.train.recipes import RECIPES, UnknownRecipeError, recipe_config


def test_settings_are_read_as_yaml() -> None:
    config = override(
        RunConfig(), ["steps=7", "learning.learning_rate=1e-4", "envs=[shapes/Canvas-v1]", "curriculum.kind=uniform"]
    )
    assert (config.steps, config.learning.learning_rate, config.curriculum.kind) == (7, 1e-4, "uniform")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("steps", "cannot read 'steps'; write --set key=value"),
        ("=3", "cannot read '=3'"),
        ("step=3", "unknown option 'step'; did you mean 'steps'"),
        ("learning_rate=1", "did you mean 'learning.learning_rate'"),
        ("learning.lr=1", "unknown option 'learning.lr'"),
        ("steps.more=1", "unknown option 'steps.more'"),
        ("steps=many", "steps: Input should be a valid integer.*got 'many'"),
        ("steps=-1", "steps: Input should be greater than or equal to 0, got -1"),
        ("sharing=mixed", "sharing: Input should be 'shared', 'lora', 'two' or 'full', got 'mixed'"),
        ("steps=[1", "cannot read the value of 'steps=\\[1'"),
        ("rollout.num_proposals=1", "rollout.num_proposals: Input should be greater than or equal to 2"),
        ("rewards.solver.corect=1", "did you mean 'rewards.solver.correct'"),
    ],
)
def test_bad_settings_say_what_is_allowed(setting: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        override(RunConfig(), [setting])
    assert "\n" not in str(caught.value)


def test_every_known_key_can_be_set_to_its_own_value() -> None:
    config = RunConfig()
    for key in known_keys():
        value = config.model_dump(mode="json")
        for part in key.split("."):
            value = value[part]
        import yaml

        assert (
            override(config, [f"{key}={yaml.safe_dump(value, default_flow_style=True).strip().removesuffix('...')}"])
            == config
        )


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_survive_their_yaml(name: str, tmp_path: Path) -> None:
    config = recipe_config(name)
    path = tmp_path / "config.yaml"
    path.write_text(config.to_yaml())
    assert RunConfig.load(path) == config
    assert config.recipe == name


def test_an_unknown_recipe_suggests_the_closest() -> None:
    with pytest.raises(UnknownRecipeError, match="unknown recipe 'zerosite'; did you mean 'zerosight'"):
        recipe_config("zerosite")


def test_bad_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no configuration at"):
        RunConfig.load(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("a: [")
    with pytest.raises(ConfigError, match=r"bad.yaml is no YAML"):
        RunConfig.load(tmp_path / "bad.yaml")
    with pytest.raises(ConfigError, match="a configuration is a mapping, got list"):
        build([])
