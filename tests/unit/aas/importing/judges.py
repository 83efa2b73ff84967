"""Two judges that are not ours: aas-core (3.0 and 3.1) and aas-test-engines (3.0)."""

from __future__ import annotations

import io
from typing import Any, TextIO, cast

import aas_core3.jsonization as json_3_0
import aas_core3.verification as rules_3_0
import aas_core3.xmlization as xml_3_0
import aas_core3_1.jsonization as json_3_1
import aas_core3_1.verification as rules_3_1
import aas_core3_1.xmlization as xml_3_1
from aas_test_engines import file as engines


def faults_3_1(document: Any) -> list[str]:
    environment = json_3_1.environment_from_jsonable(document)
    return [f"{each.path}: {each.cause}" for each in rules_3_1.verify(environment)]


def faults_3_1_xml(data: bytes) -> list[str]:
    environment = xml_3_1.environment_from_str(data.decode())
    return [f"{each.path}: {each.cause}" for each in rules_3_1.verify(environment)]


def xml_of_another(document: Any, metamodel: str) -> str:
    if metamodel == "3.0":
        return str(xml_3_0.to_str(json_3_0.environment_from_jsonable(document)))
    return str(xml_3_1.to_str(json_3_1.environment_from_jsonable(document)))


def faults_3_0(document: Any) -> list[str]:
    environment = json_3_0.environment_from_jsonable(document)
    found = [f"{each.path}: {each.cause}" for each in rules_3_0.verify(environment)]
    return found + _failed(engines.check_json_data(document))


def faults_3_0_aasx(data: bytes) -> list[str]:
    return _failed(engines.check_aasx_file(cast("TextIO", io.BytesIO(data))))


def faults_3_0_xml(data: bytes) -> list[str]:
    return _failed(engines.check_xml_file(cast("TextIO", io.BytesIO(data))))


def _failed(result: Any) -> list[str]:
    if result.ok():
        return []
    if not result.sub_results:
        return [result.message]
    return [text for each in result.sub_results for text in _failed(each)]
