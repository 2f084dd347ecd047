"""LaTeX as plain text, as far as answers use it."""

import re

_LATEX = (
    (r"\left", ""), (r"\right", ""), (r"\,", " "), (r"\;", " "), (r"\:", " "), (r"\!", ""), (r"\ ", " "), ("~", " "),
    (r"\%", "%"), (r"\$", "$"), (r"^{\circ}", "°"), (r"^\circ", "°"), (r"\circ", "°"), (r"\degree", "°"),
    (r"\times", "*"), (r"\cdot", "*"), (r"\div", "/"), (r"\approx", "≈"), (r"\pi", "π"), (r"\dfrac", r"\frac"),
    (r"\tfrac", r"\frac"), (r"\quad", " "), (r"\implies", "="), (r"\Rightarrow", "="), (r"\mu", "µ"),
)  # fmt: skip
_WRAPPERS = re.compile(r"\\(?:text|mathrm|mathbf|textbf|textit|mathit|operatorname|mbox|rm|bf)\s?\{")


def plain_math(text: str) -> str:
    r"""Write LaTeX as plain text: `$16.7\ \mathrm{cm}$` as `16.7 cm`, `45^\circ` as `45°`.

    >>> plain_math(r"$\frac{225\sqrt{3}}{2}\,\text{cm}^2$").split()
    ['((225√(3))/(2))', 'cm²']
    """
    if text.replace(r"\$", "").count("$") % 2 == 0:
        # LaTeX opens and closes with it; a single one is a currency's.
        text = text.replace(r"\$", "\1").replace("$", " ").replace("\1", "$")
    for latex_form, plain_form in _LATEX:
        text = text.replace(latex_form, plain_form)
    text = _unwrap(_WRAPPERS.sub("\0{", text))
    text = _plain_fractions(text).replace(r"\sqrt", "√").replace("\\(", " ").replace("\\)", " ")
    text = text.replace("\\[", " ").replace("\\]", " ").replace("{", "(").replace("}", ")")
    text = text.replace("\u2212", "-").replace("–", "-").replace("×", "*").replace("·", "*").replace("÷", "/")
    return text.replace("^2", "²").replace("^(2)", "²").replace("^3", "³").replace("^(3)", "³")


def _unwrap(text: str) -> str:
    r"""Take away the braces that follow a NUL, as `plain_math` marks those of `\\text`."""
    kept_pieces: list[str] = []
    brace_is_wrapper: list[bool] = []
    position = 0
    while position < len(text):
        char = text[position]
        if char == "\0":
            brace_is_wrapper.append(True)
            kept_pieces.append(" ")
            position += 1
        elif char == "{":
            brace_is_wrapper.append(False)
            kept_pieces.append(char)
        elif char == "}" and brace_is_wrapper:
            if not brace_is_wrapper.pop():
                kept_pieces.append(char)
        else:
            kept_pieces.append(char)
        position += 1
    return "".join(kept_pieces)


def _plain_fractions(text: str) -> str:
    r"""Write each `\\frac{a}{b}` as `((a)/(b))`."""
    plain_pieces: list[str] = []
    open_braces: list[str] = []
    position = 0
    while position < len(text):
        char = text[position]
        if text.startswith(r"\frac", position):
            position += len(r"\frac")
            while position < len(text) and text[position] == " ":
                position += 1
            if position < len(text) and text[position] == "{":
                plain_pieces.append("((")
                open_braces.append("numerator")
            elif position + 1 < len(text) and text[position : position + 2].isdigit():
                # \frac12
                plain_pieces.append(f"(({text[position]})/({text[position + 1]}))")
                position += 1
            else:
                plain_pieces.append(" ")
                position -= 1
        elif char == "{":
            open_braces.append("group")
            plain_pieces.append("(")
        elif char == "}" and open_braces:
            kind = open_braces.pop()
            if kind == "numerator" and text[position + 1 : position + 2] == "{":
                plain_pieces.append(")/(")
                open_braces.append("denominator")
                position += 1
            else:
                plain_pieces.append("))" if kind == "denominator" else ")")
        else:
            plain_pieces.append(char)
        position += 1
    return "".join(plain_pieces)


def without_latex(text: str) -> str:
    """Return `text` as plain text where it holds LaTeX, and as it is elsewhere."""
    return plain_math(text) if "\\" in text else text
