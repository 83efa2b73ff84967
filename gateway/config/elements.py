"""Which submodel element each tag becomes; nobody's element is anybody else's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.config.ids import OPERATIONAL_DATA
from gateway.config.load import DeviceFile
from gateway.core.romanise import ascii_name, with_suffix


@dataclass(frozen=True, slots=True)
class Element:
    """A submodel's idShort and the idShort path inside it."""

    submodel: str
    path: str

    def __str__(self) -> str:
        return f"{self.submodel}.{self.path}"

    def folders(self) -> Iterator[Element]:
        """Give the collections this element lies in."""
        parts = self.path.split(".")
        for count in range(1, len(parts)):
            yield Element(self.submodel, ".".join(parts[:count]))


def elements_of(device: DeviceFile) -> list[Element]:
    """Give the element of each tag; reports tags that claim the same one."""
    declared = _declared(device)
    folders = {folder: place for place, e in declared.items() for folder in e.folders()}
    taken = {*declared.values(), *folders}
    elements = []
    for place, tag in enumerate(device.keys.tags):
        element = declared.get(place)
        if element is None:
            element = _default(device, place, tag.name, taken)
            taken.add(element)
        elif element in folders and place not in device.left_out:
            _folder_and_value(device, place, element, folders[element])
        elements.append(element)
    return elements


def _declared(device: DeviceFile) -> dict[int, Element]:
    """Give what `aas:` says, where it is right."""
    declared: dict[int, Element] = {}
    owners: dict[Element, int] = {}
    for place, tag in enumerate(device.keys.tags):
        if tag.aas is None or place in device.left_out:
            continue
        submodel, _, path = tag.aas.partition(".")
        element = Element(submodel, path)
        owner = owners.setdefault(element, place)
        if owner != place:
            device.left_out.add(place)
            name = device.keys.tags[owner].name
            where = device.tag_path(place, "aas")
            device.document.add("E1204", where, element=element, name=name)
        else:
            declared[place] = element
    return declared


def _default(device: DeviceFile, place: int, name: str, taken: set[Element]) -> Element:
    made = ascii_name(name)
    element = Element(OPERATIONAL_DATA, made)
    if element in taken and place not in device.left_out:
        other = element
        element = Element(OPERATIONAL_DATA, with_suffix(made, name))
        where = device.tag_path(place, "name")
        device.document.add("W1504", where, name=name, element=element, other=other)
    return element


def _folder_and_value(device: DeviceFile, place: int, element: Element, other: int) -> None:
    device.left_out.add(place)
    where = device.tag_path(place, "aas")
    device.document.add("E1209", where, element=element, name=device.keys.tags[other].name)
