"""SVG parsing: what a model may write, and words for what it may not.

The text is read by expat, which fetches nothing. A document type is passed over where it declares nothing; internal
subsets, entities and processing instructions are refused where they begin, so none is ever expanded.
"""

from xml.parsers import expat

from ..outcome import Rejected
from .document import Element, SvgError
from .limits import SvgLimits
from .vocabulary import (
    CORE,
    ELEMENTS,
    HOLDS,
    NOTES,
    PRESENTATION,
    TEXTS,
    WITHIN,
    attribute_hint,
    element_hint,
    is_ignored_attribute,
)

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_XML = "http://www.w3.org/XML/1998/namespace"

_XML_HINTS = {
    expat.errors.XML_ERROR_TAG_MISMATCH: "close every element, the innermost first",
    expat.errors.XML_ERROR_NO_ELEMENTS: "close every element",
    expat.errors.XML_ERROR_UNBOUND_PREFIX: "write href instead of xlink:href, and no other prefixes",
    expat.errors.XML_ERROR_UNDEFINED_ENTITY: "write the character itself",
    expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT: "write nothing after </svg>",
    expat.errors.XML_ERROR_DUPLICATE_ATTRIBUTE: "write each attribute once",
}


class _TreeReader:
    """Builds the tree from expat's events, refusing at the first event that is not allowed."""

    def __init__(self, svg_limits: SvgLimits) -> None:
        self._limits = svg_limits
        self._parser = expat.ParserCreate("utf-8", " ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.ProcessingInstructionHandler = self._instruction
        self._parser.SkippedEntityHandler = self._skipped
        self._open: list[Element] = []
        self._passed_over = 0
        """How many open elements are of other languages, or lie in one."""
        self._count = 0
        self.root: Element | None = None

    def read(self, document_bytes: bytes) -> Element:
        try:
            self._parser.Parse(document_bytes, True)
        except expat.ExpatError as error:
            problem_text = expat.errors.messages[error.code]
            hint_text = _XML_HINTS.get(problem_text, "write one well-formed <svg> element")
            raise SvgError(
                "xml", f"line {error.lineno}, column {error.offset + 1}: {problem_text}", hint_text
            ) from error
        if self.root is None:
            raise SvgError("xml", "line 1: there is no element", "write one <svg> element")
        return self.root

    @property
    def _line(self) -> int:
        return self._parser.CurrentLineNumber

    def _doctype(self, _name: str, _system: str | None, _public: str | None, has_subset: int) -> None:
        if has_subset:
            problem_text = f"line {self._line}: a document type that declares anything is not allowed"
            raise SvgError("doctype", problem_text, "begin with <svg")

    def _instruction(self, instruction_target: str, _: str) -> None:
        raise SvgError(
            "instruction", f"line {self._line}: <?{instruction_target[:40]}?> is not allowed", "begin with <svg"
        )

    def _skipped(self, entity_name: str, _: bool) -> None:
        problem_text = f"line {self._line}: undefined entity &{entity_name[:40]};"
        raise SvgError("xml", problem_text, "write the character itself")

    def _start(self, qualified_name: str, attributes: dict[str, str]) -> None:
        namespace, _, local_name = qualified_name.rpartition(" ")
        self._count += 1
        if self._count > self._limits.max_elements:
            raise SvgError("size", f"line {self._line}: more than {self._limits.max_elements} elements", "draw less")
        if len(self._open) + self._passed_over >= self._limits.max_depth:
            problem_text = f"line {self._line}: nested deeper than {self._limits.max_depth}"
            raise SvgError("depth", problem_text, "flatten the groups")
        if self._passed_over or (self._open and (namespace not in ("", _SVG) or self._open[-1].name in NOTES)):
            # Other languages draw nothing here, and neither does what is in notes.
            self._passed_over += 1
            return
        if namespace not in ("", _SVG) or local_name not in ELEMENTS:
            problem_text = f"line {self._line}: element <{local_name[:40]}> is not allowed"
            raise SvgError("element", problem_text, element_hint(local_name))
        element = Element(local_name, self._read_attributes(local_name, attributes), self._line)
        if self._open:
            self._append(element)
        elif local_name != "svg":
            raise element.error("root", f"the outermost element is <{local_name}>", "begin with <svg")
        else:
            self.root = element
        self._open.append(element)

    def _append(self, element: Element) -> None:
        """Put `element` into the innermost open one, where both are made for that."""
        local_name, parent = element.name, self._open[-1]
        in_text = parent.name in TEXTS or any(outer.name in TEXTS for outer in self._open)
        allowed_names = HOLDS["text"] if in_text else HOLDS.get(parent.name, ELEMENTS)
        if (
            local_name not in allowed_names
            or parent.name not in WITHIN.get(local_name, ELEMENTS)
            or (local_name == "tspan" and not in_text)
        ):
            holders = WITHIN.get(local_name)
            hint_text = f"write it in <{holders[0]}>" if holders else f"close <{parent.name}> before it"
            raise element.error("nesting", f"<{local_name}> in <{parent.name}> is not allowed", hint_text)
        parent.children.append(element)
        if in_text:
            parent.content.append(element)

    def _read_attributes(self, element_name: str, attributes: dict[str, str]) -> dict[str, str]:
        """Return the `attributes` that are read, without namespaces, having refused those that are not allowed."""
        allowed_names, values = (*ELEMENTS[element_name], *CORE, *PRESENTATION), dict[str, str]()
        for qualified_name, attribute_value in attributes.items():
            namespace, _, local_name = qualified_name.rpartition(" ")
            if (namespace, local_name) == (_XML, "space"):
                values["xml:space"] = attribute_value
            elif (namespace, local_name) == (_XLINK, "href"):
                values.setdefault("href", attribute_value)
            elif namespace not in ("", _SVG) or (is_ignored_attribute(local_name) and local_name not in allowed_names):
                continue
            elif local_name in allowed_names:
                values[local_name] = attribute_value
            elif element_name not in NOTES:
                problem_text = f"line {self._line}: <{element_name}> has no attribute {local_name[:40]}"
                raise SvgError("attribute", problem_text, attribute_hint(element_name, local_name))
        return values

    def _end(self, _: str) -> None:
        if self._passed_over:
            self._passed_over -= 1
        else:
            self._open.pop()

    def _text(self, characters: str) -> None:
        if not self._open or self._passed_over:
            return
        innermost = self._open[-1]
        if innermost.name == "style" or any(element.name in TEXTS for element in self._open):
            innermost.content.append(characters)
        elif innermost.name not in NOTES and characters.strip():
            problem_text = f"line {self._line}: text in <{innermost.name}> draws nothing"
            raise SvgError("text", problem_text, "write it in <text>")


def parse_svg(svg_text: str, svg_limits: SvgLimits) -> Element:
    """Return the tree of the document `svg_text`.

    Raises:
        SvgError: the text is not allowed; its `rejected` says why.
    """
    if not svg_text.strip():
        raise SvgError("empty", "the program is empty", "write one <svg> element")
    if too_long := oversize(svg_text, svg_limits):
        raise SvgError(too_long.code, too_long.reason, too_long.hint)
    return _TreeReader(svg_limits).read(
        encoded(svg_text.lstrip()) if svg_text.lstrip().startswith("<?xml") else encoded(svg_text)
    )


def encoded(svg_text: str) -> bytes:
    """Return `svg_text` as UTF-8; lone surrogates, which are not XML characters, become question marks."""
    return svg_text.encode("utf-8", "replace")


def oversize(svg_text: str, svg_limits: SvgLimits) -> Rejected | None:
    """Return the rejection of a `svg_text` that is too long to be read at all; None where it is not."""
    byte_count = len(svg_text) if len(svg_text) > svg_limits.max_bytes else len(encoded(svg_text))
    if byte_count <= svg_limits.max_bytes:
        return None
    return Rejected("size", f"the program has {byte_count} bytes, at most {svg_limits.max_bytes} are read", "draw less")
