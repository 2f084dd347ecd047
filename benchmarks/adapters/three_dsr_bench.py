"""3DSRBench: height, place, orientation and relations of things in space."""

from ..samples import Fields, Sample
from ..scoring.groups import three_dsr
from ..scoring.letters import three_dsr as found
from .base import Adapter, RowReader, lettered


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question with two to four options; an option that is not there is `nan` or nothing."""
    options = [row[x] for x in "ABCD" if row.get(x) is not None and str(row[x]).lower() != "nan"]
    return Sample(
        id=str(row["index"]),
        question=row["question"],
        options=tuple(map(str, options)),
        answer=row["answer"],
        images=row_reader.images(row["image"]),
        category={"category": row["category"]},
        fields={"qid": str(row["qid"]), "group": str(row["qid"])[:8]},
    )


ASK = "Question: {}\nOptions:\n{}\nPlease select the correct answer from the options above. \n"

ADAPTER = Adapter(
    name="3dsrbench",
    title="3DSRBench",
    dataset="oscarqjh/3DSRBench_lmmseval",
    configs=("3dsr_circular",),
    split="test",
    read=read,
    ask=lambda sample: ASK.format(sample.question, lettered(sample.options)),
    mark=lambda sample, reply: float(found(reply) == sample.answer),
    gather=three_dsr,
    metric="CircularEval: right in every order of the options",
    chance={},
    citation="Ma et al. 2024, 3DSRBench (https://arxiv.org/abs/2412.07825)",
    columns=("index", "qid", "question", "A", "B", "answer", "category", "image"),
    published={"Qwen2.5-VL-3B (EASI, circular)": 43.9, "Qwen2.5-VL-7B (EASI, circular)": 48.4},
    quirks=("a reply that begins with the article is A", "lower-case letters are not found"),
)
