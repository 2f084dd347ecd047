"""Only where the other trainers are installed (`make test-bridges`)."""

import importlib.util

NEEDS = {
    "test_verifiers.py": "verifiers",
    "test_trl.py": "trl",
    "test_load_dataset.py": "webdataset",
    "test_verl.py": "verl",
    "test_verl_on_ray.py": "verl",
    "test_gymnasium.py": "gymnasium",
    "test_reasoning_gym.py": "zerosight_reasoning",
    "test_serve.py": "starlette",
    "test_notebooks.py": "nbclient",
}
collect_ignore = [name for name, package in NEEDS.items() if importlib.util.find_spec(package) is None]
