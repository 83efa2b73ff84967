"""Two independent judges of the metamodel's constraints, called in one way.

They are an optional extra (`pip install factory-telemetry-gateway[verify]`) and imported when
called. aas-test-engines knows 3.0 only; aas-core is generated from the specification, one package
for each metamodel.
"""

from __future__ import annotations

import importlib
import zipfile
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

from aas_models.elements import Json
from aas_models.verify.findings import Finding, Level, finding
from gateway.core.errors import AasError

PACKAGES = {
    "aas_test_engines": "aas-test-engines==1.0.3",
    "aas_core3": "aas-core3.0==1.1.4",
    "aas_core3_1": "aas-core3.1==1.0.0",
}
CORES = {"core-3.0": "aas_core3", "core-3.1": "aas_core3_1"}
DEPTH_MAX = 100
SEPARATOR = " @ "
INFORMATION, WARNING = 0, 1
NAMESPACE = "https://admin-shell.io/aas/"


def missing_packages() -> list[str]:
    """Give what pip would have to install for the judges, as its arguments."""
    missing = []
    for module, requirement in PACKAGES.items():
        try:
            importlib.import_module(module)
        except ImportError:
            missing.append(requirement)
    return missing


def engines_json(document: Json) -> list[Finding]:
    """Let aas-test-engines judge an environment as JSON."""
    from aas_test_engines import file

    return list(_leaves(file.check_json_data(document)))


def engines_xml(text: str) -> list[Finding]:
    """Let aas-test-engines judge an environment as XML.

    It knows the 3.0 namespace alone; the text must come without a document type.
    """
    from aas_test_engines import file

    root = ET.fromstring(text)  # noqa: S314  the caller refuses document types
    return list(_leaves(file.check_xml_data(root)))


def engines_package(path: Any) -> list[Finding]:
    """Let aas-test-engines judge the relationships of an AASX package."""
    from aas_test_engines import file
    from aas_test_engines.opc import Relationship, read_opc
    from aas_test_engines.result import AasTestResult

    result = AasTestResult("package")
    with zipfile.ZipFile(path) as package:
        read_opc(package, Relationship("ROOT", "/"), result, file.DEPRECATED_TYPES)
    return list(_leaves(result, "package"))


def _leaves(result: Any, judge: str = "engines", depth: int = 0) -> Iterator[Finding]:
    if result.level.value == INFORMATION or depth > DEPTH_MAX:
        return
    if result.sub_results:
        for each in result.sub_results:
            yield from _leaves(each, judge, depth + 1)
        return
    level: Level = "warning" if result.level.value == WARNING else "error"
    message, _, where = str(result.message).partition(SEPARATOR)
    yield finding(judge, message, where, level)


def core_json(document: Json, judge: str) -> list[Finding]:
    """Let aas-core read and verify an environment as JSON; `judge` says which metamodel."""
    module = CORES[judge]
    jsonization = importlib.import_module(f"{module}.jsonization")
    try:
        environment = jsonization.environment_from_jsonable(document)
    except jsonization.DeserializationException as error:
        return [finding(judge, str(error.cause), str(error.path))]
    return _verified(environment, module, judge)


def core_xml(text: str, judge: str) -> tuple[list[Finding], Json]:
    """Let aas-core read and verify an environment as XML; `judge` says which metamodel.

    Gives its JSON too, empty where it could not be read.
    """
    module = CORES[judge]
    xmlization = importlib.import_module(f"{module}.xmlization")
    try:
        environment = xmlization.environment_from_str(text)
    except xmlization.DeserializationException as error:
        return [finding(judge, str(error.cause), str(error.path))], {}
    except ET.ParseError as error:
        return [finding(judge, str(error), "")], {}
    jsonization = importlib.import_module(f"{module}.jsonization")
    return _verified(environment, module, judge), jsonization.to_jsonable(environment)


def _verified(environment: Any, module: str, judge: str) -> list[Finding]:
    verification = importlib.import_module(f"{module}.verification")
    try:
        return [
            finding(judge, str(error.cause), str(error.path))
            for error in verification.verify(environment)
        ]
    except RecursionError:
        raise AasError("too-deep", f"{judge} cannot follow the nesting") from None
