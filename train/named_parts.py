"""Options whose value is the name of a part: those that are built in, and those of installed packages."""

from typing import Annotated, Any, Literal

from pydantic import PlainSerializer, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from ..envs.parts import installed_parts


def _or_installed(kind: str) -> WrapValidator:
    """Return a validator that takes the names of installed parts of a `kind` beside those that are built in."""

    def validate(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError:
            if isinstance(value, str) and value in installed_parts(kind):
                return value
            raise

    return WrapValidator(validate)


CurriculumName = Annotated[
    Literal[
        "learnability", "uniform", "goldilocks", "spatialevo", "sec", "progress", "regret", "replay", "confidence",
        "ttcs", "failures", "coevolve",
    ],
    _or_installed("curriculum"),
    PlainSerializer(str),
]  # fmt: skip
LossName = Annotated[
    Literal["grpo", "dr_grpo", "dapo", "bnpo", "cispo", "gspo", "rloo", "reinforce_pp"],
    _or_installed("loss"),
    PlainSerializer(str),
]
