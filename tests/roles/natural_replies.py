"""Replies in the manner of pretrained models: how they wrap proposals and programs, and how they answer."""

WRAPPERS = {
    "bare": "{}",
    "spaces": "\n\n  {}  \n",
    "fence": "```\n{}\n```",
    "json fence": "```json\n{}\n```",
    "upper fence": "```JSON\n{}\n```",
    "tilde fence": "~~~\n{}\n~~~",
    "sentence before": "Here is the exercise you asked for:\n\n{}",
    "sentence after": "{}\n\nThis one needs careful counting.",
    "sentences around": "Sure! Here you go:\n{}\nLet me know if you would like another one.",
    "fence and sentences": "Certainly.\n\n```json\n{}\n```\n\nI hope this helps!",
    "heading": "### Proposal\n\n{}\n",
    "bold": "**Answer:**\n\n{}",
    "thinking": "<think>\nA few shapes, not too many.\n</think>\n\n{}",
    "thinking with braces": '<think>maybe {{"concept": "dots"}}?</think>{}',
    "thinking without its opening": "I should vary the colours.\n</think>\n{}",
    "thinking, fence": "<thinking>ok</thinking>\n```json\n{}\n```",
    "kimi": "◁think▷Let me see.◁/think▷{}",
    "harmony": "<|channel|>analysis<|message|>hm<|end|><|channel|>final<|message|>{}<|return|>",
    "list before": "1. Think of shapes.\n2. Write them down.\n\n{}",
    "quote in prose": 'A so-called "crowd":\n{}\nDone.',
}
"""Around a proposal; `{}` is where it stands."""

PROGRAM_WRAPPERS = {
    "bare": "{}",
    "spaces": "\n  {}\n\n",
    "fence": "```\n{}\n```",
    "own label": "```LABEL\n{}\n```",
    "upper label": "```ULABEL\n{}\n```",
    "html label": "```html\n{}\n```",
    "sentence before": "Here is the program:\n\n```LABEL\n{}\n```",
    "sentence after": "```LABEL\n{}\n```\nThis draws what was asked.",
    "sentences around": "Sure!\n\n```LABEL\n{}\n```\n\nThe shapes do not overlap.",
    "indented fence": "Here:\n  ```LABEL\n{}\n  ```",
    "thinking": "<think>\nplace them apart\n</think>\n```LABEL\n{}\n```",
    "thinking with a fence": "<think>```LABEL\nnot this\n```</think>\n```LABEL\n{}\n```",
    "two fences": "First idea:\n```LABEL\nnot this one\n```\nBetter:\n```LABEL\n{}\n```",
    "four ticks": "````LABEL\n{}\n````",
    "tildes": "~~~LABEL\n{}\n~~~",
    "never closed": "```LABEL\n{}\n",
    "bold": "**Program**\n\n```LABEL\n{}\n```",
    "info string": '```LABEL title="picture"\n{}\n```',
    "crlf": "```LABEL\r\n{}\r\n```",
    "harmony": "<|channel|>final<|message|>```LABEL\n{}\n```<|return|>",
}
"""Around a program; LABEL stands for `svg`, `python` or another name of its language."""

COLOURS = ("red", "green", "blue", "yellow")
SIDES = ("right", "upper right", "top", "upper left", "left", "lower left", "bottom", "lower right")
LETTERS = ("A", "B", "C", "D")

RIGHT_ANSWERS = [
    ("number", (), "", "4", [
        "4", "four", "4.", "There are four of them.", "I count 4 triangles.", "The picture contains 4 small squares.",
        "Answer: 4", "**Answer: 4**", "Final answer: four", "The final answer is **4**.", r"\boxed{4}", "$4$",
        "<answer>4</answer>", "<think>2 on the left, 2 on the right</think>4", '{"answer": 4}',
        '```json\n{"answer": "4"}\n```', "2 red ones and 2 blue ones, so 4 in total.", "2 + 2 = 4", "4 shapes.",
        "Left: 2. Right: 2. Therefore, there are 4 circles.", "exactly 4", "There are 4 (four) circles.",
        "<|begin_of_box|>4<|end_of_box|>", "Let me count: 1, 2, 3, 4.\n\nThe answer is 4.", r"\text{4}",
    ]),
    ("number", (), "", "0", ["0", "zero", "none", "There are no circles.", "None of them.", "The answer is 0."]),
    ("yesno", ("no", "yes"), "", "yes", [
        "Yes", "yes.", "Yes, there is.", "Yes, it is larger than the square.", "Answer: Yes", "The answer is yes.",
        r"\boxed{\text{Yes}}", "<answer>yes</answer>", "True", "Correct.", "It is.", '{"answer": "yes"}',
        "I can see a red circle next to the square. So, yes.", "**Yes**", "Yes! The left one.",
    ]),
    ("yesno", ("no", "yes"), "", "no", [
        "No", "no, it is not.", "No, there is no circle.", "The answer is no.", "False", "<think>yes?</think>No.",
        "There isn't one.", "No. The square is smaller.", "Final answer: no", "It is not.",
    ]),
    ("word", COLOURS, "", "blue", [
        "blue", "Blue.", "It is blue.", "The leftmost circle is blue.", "a blue one", "The colour is blue",
        "Answer: blue", r"\boxed{blue}", "**Blue**", '"blue"', "The red square is left of it; the circle is blue.",
        "The circle next to the green square is blue.", "not red but blue", "The answer is blue, not green.",
    ]),
    ("word", SIDES, "", "upper right", [
        "upper right", "top right", "Top-right", "northeast", "in the upper right corner", "to the upper-right",
        "It is above and to the right.", "The triangle is to the top right of the square.", "north-east",
    ]),
    ("word", ("left", "right"), "", "left", [
        "left", "to the left", "on the left side", "It is to the left of the circle.", "Left.", "left of it",
        "It is not on the right but on the left.",
    ]),
    ("choice", LETTERS, "", "C", [
        "C", "c", "(C)", "C.", "C)", "Option C", "The answer is C.", "Answer: (C)", "**C**", "C. rotate by 90 degrees",
        "The correct option is C: a mirror image", r"\boxed{C}", r"\boxed{\text{(C)}}", "<answer>C</answer>",
        "A and B are mirrored, D is smaller.\n\nAnswer: C", "Only picture C fits.", "It must be C.", '{"answer": "C"}',
    ]),
    ("order", (), "", "CABD", [
        "CABD", "C, A, B, D", "C A B D", "C-A-B-D", "C → A → B → D", "C > A > B > D", "1. C 2. A 3. B 4. D",
        "C, A, B and D", "The correct order is C, A, B, D.", "[C, A, B, D]", r"\boxed{C, A, B, D}",
        "First C, then A, then B, then D.", "1: C\n2: A\n3: B\n4: D", "picture 1 is C, picture 2 is A, 3 is B, 4 is D",
    ]),
    ("decimal", (), "cm", "12.5", [
        "12.5", "12.5 cm", "12.50 cm", "about 12.5 cm", "≈ 12.5", "125 mm", "0.125 m", "The length is 12.5 cm.",
        r"\boxed{12.5}", r"$12.5\,\text{cm}$", r"\boxed{\frac{25}{2}}", "AB = 12.5", "25/2 cm", "12 1/2 cm", "12,5 cm",
        "5 * 2.5 = 12.5 cm", "twelve and a half centimetres", "AB is approximately 12.5 centimeters long.",
        "<think>5 times 2.5</think>\n\nThe side measures 12.5 cm.", r"$AB \approx 12.5$",
    ]),
    ("decimal", (), "%", "40", ["40", "40%", "40 %", "forty percent", r"40\%", "The share is 40 percent."]),
    ("decimal", (), "", "1250000", ["1,250,000", "1.25 million", "1.25M", "1 250 000", r"1.25 \times 10^6"]),
    ("name", (), "", "North Harbour", [
        "North Harbour", "north harbour", "The North Harbour", '"North Harbour"', "The answer is North Harbour.",
        "North Harbour has the highest bar.", "The series is North Harbour", "Category: North Harbour",
        "<answer>North Harbour</answer>", r"\boxed{\text{North Harbour}}", "North Harbour (about 40)",
    ]),
    ("direction", (), "", "front-left", [
        "front-left", "front left", "to the front and left", "It is in front of you, to the left.", "ahead to the left",
    ]),
]  # fmt: skip
"""Kind, options, measure, the right answer, and replies that say it."""

WRONG_ANSWERS = [
    ("number", (), "", "0", ["no idea", "I have no idea.", "No answer", "There is no way to tell.", "No clue, sorry"]),
    ("yesno", ("no", "yes"), "", "no", [
        "No idea", "I have no idea.", "no clue", "There is no way to tell.", "No answer.", "I don't know",
    ]),
    ("number", (), "", "4", [
        "3", "not 4", "4 or 5", "between 3 and 4", "at least 4", "more than 4", "-4", "44", "4.5", "14", "4?",
        "I think maybe 4", "<answer>4</answer><answer>5</answer>", r"\boxed{5}", "The answer is 5, not 4.",
        "Answer: 4\n\nAnswer: 5", "There are 4 circles and 3 squares.", "<think>4</think>", "four or five", "4 dozen",
    ]),
    ("yesno", ("no", "yes"), "", "yes", [
        "no", "Yes and no", "maybe yes", "not yes", "Yes? No.", "Yes... actually no.", "I cannot say", "unsure", "",
    ]),
    ("word", COLOURS, "", "blue", [
        "not blue", "blue or red", "light blue", "bluish", "red, not blue", "neither blue nor red", "It isn't blue.",
        "The circle next to the blue square is red.", "purple", "<answer>red</answer> or <answer>blue</answer>",
    ]),
    ("word", SIDES, "", "upper right", ["right", "top", "upper left", "lower right", "not upper right"]),
    ("choice", LETTERS, "", "C", [
        "A", "A or C", "(A) or (C)", "A, C", "not C", "Both C and D", "C? No, D.", "none of them", "all but C", "E",
    ]),
    ("order", (), "", "CABD", ["ABCD", "CAB", "CABDD", "C, A, B", "CABD or ABCD", "not CABD", "1-C, 2-A, 3-B"]),
    ("decimal", (), "cm", "12.5", [
        "12.5 m", "12.5 cm²", "12.5 kg", "125", "12.5 or 13", "1.25", "10 + 2.5", "between 12 and 13", "over 12.5",
        "not 12.5", "12.5?", "12.5%", "-12.5", "12 and 5",
    ]),
    ("name", (), "", "North Harbour", [
        "Harbour", "North", "not North Harbour", "North Harbour or South Harbour", "North Harbour and West End",
        "South Harbour is higher than North Harbour", "Northern Harbour",
    ]),
    ("direction", (), "", "front-left", ["back-left", "front or left", "not front-left", "front-right"]),
]  # fmt: skip
"""Kind, options, measure, the right answer, and replies that do not say it."""
