"""The `Data` submodel of ETRI's MDT platform, which renders KS X 9101 as an AAS: a second target
for the same tags.

Equipment alone is made: its parameters say what each tag is, its parameter values what it reads.
What nobody stated (grades, types of equipment) has no element. The names are those of KS X
9101 as public programs of the MDT platform use them; no official list of codes was at hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aas_models.elements import Json, element, pruned, submodel
from aas_models.environment_parts import Binding, SubmodelModel
from aas_models.submodels.quality import quality_word, utc_text
from gateway.core.assets import AssetModel
from gateway.core.signals import Signal

ID_SHORT = "Data"
SEMANTIC_ID = "https://etri.re.kr/mdt/Submodel/Data/1/1"
PARAMETERS = "EquipmentParameters"
VALUES = "EquipmentParameterValues"
UNKNOWN_VALUE_TYPE = "xs:string"
VALUE_PATH = "DataInfo.Equipment.EquipmentParameterValues[{place}].ParameterValue"
"""Where the value of a signal stands, by its place in the list."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """What the plan says of a signal beside its meaning; limits are LSL and USL."""

    low: float | None = None
    high: float | None = None
    period_s: float | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """The present value of a signal: XSD text, source time in ns UTC, OPC UA status.

    `value_type` is what the first value showed where nobody declared a type.
    """

    text: str | None
    time: int
    status: int = 0
    value_type: str | None = None


def data_submodel(
    identifier: str,
    model: AssetModel,
    parameters: Mapping[int, Parameter],
    samples: Mapping[int, Sample] | None = None,
) -> Json:
    """Make the submodel of one device.

    Args:
        identifier: its id.
        model: the device.
        parameters: by index of the signal; what is missing has no limits and no period.
        samples: by index of the signal; what is missing has no value.
    """
    signals = model.table.signals
    info = [
        _text("Title", f"{model.info.label.pick('ko') or model.info.device} Data"),
        _text("Type", "Data"),
        _text("Standard", "KS X 9101"),
    ]
    known = samples or {}
    equipment = [
        _text("EquipmentID", model.info.device),
        _text("EquipmentName", model.info.label.pick("ko") or model.info.device),
        _text("EquipmentType", model.info.model),
        _text("UseIndicator", "Y"),
        _list(PARAMETERS, [_parameter(s, model, parameters.get(s.index)) for s in signals]),
        _list(VALUES, [_value(s, known.get(s.index)) for s in signals]),
    ]
    elements = [
        _group("SubModelInfo", info),
        _group("DataInfo", [_group("Equipment", equipment)]),
    ]
    made: Json = pruned(submodel(identifier, ID_SHORT, SEMANTIC_ID, elements, version=("1", "1")))
    return made


def live_submodel(
    identifier: str, model: AssetModel, parameters: Mapping[int, Parameter]
) -> SubmodelModel:
    """Give the submodel for a server that shows it live: a signal fills each ParameterValue.

    Times and qualities are those of OperationalDataQuality; here only an export has them.
    """
    bindings = {
        VALUE_PATH.format(place=place): Binding(signal.device, signal.index)
        for place, signal in enumerate(model.table.signals)
    }
    return SubmodelModel(data_submodel(identifier, model, parameters), bindings)


def _parameter(signal: Signal, model: AssetModel, parameter: Parameter | None) -> Json:
    known = parameter or Parameter()
    name = model.display.get(signal.index)
    period = known.period_s
    return _group(
        None,
        [
            _text("EquipmentID", signal.device),
            _text("ParameterID", f"{signal.submodel_id_short}.{signal.element}"),
            _text("ParameterName", (name.pick("ko") if name else "") or signal.name),
            _text("ParameterType", (signal.value_type or UNKNOWN_VALUE_TYPE).removeprefix("xs:")),
            _text("ParameterUOMCode", signal.unit),
            _number("LSL", known.low),
            _number("USL", known.high),
            _text("PeriodicDataCollectionIndicator", None if period is None else "Y"),
            _number("DataCollectionPeriod", period),
        ],
    )


def _value(signal: Signal, sample: Sample | None) -> Json:
    seen = None if sample is None else sample.value_type
    value_type = seen or signal.value_type or UNKNOWN_VALUE_TYPE
    text = None if sample is None else sample.text
    return _group(
        None,
        [
            _text("EquipmentID", signal.device),
            _text("ParameterID", f"{signal.submodel_id_short}.{signal.element}"),
            element("Property", "ParameterValue", valueType=value_type, value=text),
            element(
                "Property",
                "EventDateTime",
                valueType="xs:dateTime",
                value=None if sample is None else utc_text(sample.time),
            ),
            _text("ValidationResultCode", None if sample is None else quality_word(sample.status)),
        ],
    )


def _text(id_short: str, value: str | None) -> Json | None:
    if not value:
        return None
    return element("Property", id_short, valueType="xs:string", value=value)


def _number(id_short: str, value: float | None) -> Json | None:
    if value is None:
        return None
    return element("Property", id_short, valueType="xs:double", value=repr(float(value)))


def _group(id_short: str | None, children: Sequence[Json | None]) -> Json:
    inner = [child for child in children if child is not None]
    return element("SubmodelElementCollection", id_short, value=inner)


def _list(id_short: str, children: Sequence[Json]) -> Json:
    return element(
        "SubmodelElementList",
        id_short,
        orderRelevant=True,
        typeValueListElement="SubmodelElementCollection",
        value=list(children),
    )
