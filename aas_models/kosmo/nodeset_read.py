"""Reads a nodeset.xml of the KOSMO solution back into an AAS environment.

Only what the format carries comes back: names, the tree, value types and values. The tree is
followed along the references, never by splitting node ids.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

from aas_models.elements import Json, model_reference
from aas_models.kosmo.data_types import XS_FROM_DATA_TYPE
from aas_models.kosmo.names import legal_name, named
from aas_models.kosmo.space import AAS_NAMESPACE, DEPTH_MAX
from gateway.core.errors import AasError

NODES = "{http://opcfoundation.org/UA/2011/03/UANodeSet.xsd}"
BYTES_MAX = 256 * 1024 * 1024
NODES_MAX = 500_000
FORWARD_KINDS = ("HasComponent", "i=47")


@dataclass(slots=True)
class NodeEntry:
    """One node of the file; `namespace` is that of its id, `children` are ids in order."""

    id: str
    kind: str
    name: str
    parent: str
    namespace: str
    data_type: str = ""
    value: str | None = None
    children: list[str] = field(default_factory=list)

    @property
    def identifier(self) -> str:
        """What follows `s=` in the id."""
        return self.id.partition(";s=")[2]


def read_nodes(data: bytes) -> dict[str, NodeEntry]:
    """Give the objects and variables by node id, in the order of the file.

    Raises:
        AasError: it is no NodeSet2, has a document type, or is beyond the limits.
    """
    root = _root(data)
    uris = [str(uri.text or "") for uri in root.iterfind(f"{NODES}NamespaceUris/{NODES}Uri")]
    aliases = {
        str(alias.get("Alias")): str(alias.text or "").strip()
        for alias in root.iterfind(f"{NODES}Aliases/{NODES}Alias")
    }
    entries: dict[str, NodeEntry] = {}
    for element in root.iterchildren(f"{NODES}UAObject", f"{NODES}UAVariable"):
        entry = _entry(element, uris, aliases)
        entries[entry.id] = entry
        if len(entries) > NODES_MAX:
            raise AasError("nodeset-too-large", f"more than {NODES_MAX} nodes")
    return entries


def _root(data: bytes) -> etree._Element:
    if len(data) > BYTES_MAX:
        raise AasError("nodeset-too-large", f"{len(data)} bytes")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise AasError("nodeset-invalid", str(error)) from None
    if root.getroottree().docinfo.doctype:
        raise AasError("nodeset-invalid", "a document type is not allowed")
    if root.tag != f"{NODES}UANodeSet":
        raise AasError("nodeset-invalid", f"the root is {root.tag}, not UANodeSet")
    return root


def _entry(element: etree._Element, uris: list[str], aliases: Mapping[str, str]) -> NodeEntry:
    identifier = str(element.get("NodeId", ""))
    browse = str(element.get("BrowseName", ""))
    prefix, colon, rest = browse.partition(":")
    entry = NodeEntry(
        identifier,
        etree.QName(element).localname,
        rest if colon and prefix.isdecimal() else browse,
        str(element.get("ParentNodeId", "")),
        _namespace(identifier, uris),
    )
    for reference in element.iterfind(f"{NODES}References/{NODES}Reference"):
        forward = reference.get("IsForward", "true") != "false"
        kind = str(reference.get("ReferenceType"))
        if forward and kind in FORWARD_KINDS:
            entry.children.append(str(reference.text or ""))
        elif not forward and not entry.parent:
            entry.parent = str(reference.text or "")
    if entry.kind == "UAVariable":
        entry.data_type = _type_name(str(element.get("DataType", "i=24")), aliases)
        value = element.find(f"{NODES}Value")
        entry.value = None if value is None or not len(value) else str(value[0].text or "")
    return entry


def _namespace(identifier: str, uris: list[str]) -> str:
    number = identifier.removeprefix("ns=").partition(";")[0]
    place = int(number) - 1 if number.isdecimal() else -1
    return uris[place] if 0 <= place < len(uris) else ""


_BY_NUMBER = {
    "i=1": "Boolean", "i=2": "SByte", "i=3": "Byte", "i=4": "Int16", "i=5": "UInt16",
    "i=6": "Int32", "i=7": "UInt32", "i=8": "Int64", "i=9": "UInt64", "i=10": "Float",
    "i=11": "Double", "i=12": "String", "i=13": "DateTime",
}  # fmt: skip


def _type_name(text: str, aliases: Mapping[str, str]) -> str:
    number = aliases.get(text, text)
    return _BY_NUMBER.get(number, "String")


def environment_of(nodes: Mapping[str, NodeEntry], base: str = "urn:kosmo:nodeset") -> Json:
    """Make an AAS environment of a nodeset: ids are UUIDs made from `base` and the node ids.

    Writing it as a nodeset again gives the same node ids.
    """
    ours = {key: node for key, node in nodes.items() if node.namespace == AAS_NAMESPACE}
    return _Environment(ours, nodes, base).build()


class _Environment:
    def __init__(
        self, ours: Mapping[str, NodeEntry], all_nodes: Mapping[str, NodeEntry], base: str
    ) -> None:
        self.base = base
        self.nodes = ours
        self.children: dict[str, list[NodeEntry]] = {}
        for node in ours.values():
            if node.parent in all_nodes and node.parent in ours:
                self.children.setdefault(node.parent, []).append(node)
        self.tops = [node for node in ours.values() if node.parent not in ours]
        self.by_tag = {node.identifier: node for node in ours.values()}
        self.holders = self._holders()

    def _id(self, role: str, node: NodeEntry) -> str:
        text = f"{self.base}/{role}/{node.identifier}"
        return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, text)}"

    def _holders(self) -> dict[str, list[NodeEntry]]:
        """Give the shells that hang, by their tag, below an element of another shell."""
        holders: dict[str, list[NodeEntry]] = {}
        for top in self.tops:
            above = self._above(top.identifier)
            if above is not None:
                holders.setdefault(above.id, []).append(top)
        return holders

    def _above(self, tag: str) -> NodeEntry | None:
        """Give the deepest object whose tag begins this one; there is none for a plain shell."""
        parts = tag.split(".")
        for count in range(len(parts) - 1, 0, -1):
            found = self.by_tag.get(".".join(parts[:count]))
            if found is not None and found.kind == "UAObject":
                return found
        return None

    def build(self) -> Json:
        shells, submodels = [], []
        for top in self.tops:
            if top.kind != "UAObject":
                continue
            parts = [part for part in self.children.get(top.id, ()) if part.kind == "UAObject"]
            above = self._above(top.identifier)
            name = top.identifier.removeprefix(f"{above.identifier}.") if above else top.name
            shell = named(
                {"modelType": "AssetAdministrationShell", "id": self._id("aas", top)}, name
            )
            shell["assetInformation"] = {
                "assetKind": "Instance",
                "globalAssetId": self._id("asset", top),
            }
            if parts:
                shell["submodels"] = [
                    model_reference("Submodel", self._id("sm", part)) for part in parts
                ]
            shells.append(shell)
            submodels += [self._submodel(part) for part in parts]
        lists = {"assetAdministrationShells": shells, "submodels": submodels}
        return {key: value for key, value in lists.items() if value}

    def _submodel(self, node: NodeEntry) -> Json:
        made = named(
            {"modelType": "Submodel", "id": self._id("sm", node), "kind": "Instance"}, node.name
        )
        if elements := self._elements(node, 0):
            made["submodelElements"] = elements
        return made

    def _elements(self, above: NodeEntry, depth: int) -> list[Json]:
        if depth > DEPTH_MAX:
            raise AasError("nodeset-invalid", f"nested deeper than {DEPTH_MAX}")
        made = [self._element(node, depth) for node in self.children.get(above.id, ())]
        for shell in self.holders.get(above.id, ()):
            reference = model_reference("AssetAdministrationShell", self._id("aas", shell))
            name = legal_name(f"{shell.name.rpartition('.')[2]}Reference")
            made.append({"modelType": "ReferenceElement", "idShort": name, "value": reference})
        return made

    def _element(self, node: NodeEntry, depth: int) -> Json:
        if node.kind == "UAObject":
            inner = self._elements(node, depth + 1)
            kind: Json = {"modelType": "SubmodelElementCollection"}
            return named({**kind, "value": inner} if inner else kind, node.name)
        value_type = XS_FROM_DATA_TYPE.get(node.data_type, "xs:string")
        if value_type == "xs:dateTime" and "T" not in (node.value or "T"):
            value_type = "xs:date"  # the reference parser copies a date as it stands
        made: Json = {"modelType": "Property", "valueType": value_type}
        if node.value is not None:
            made["value"] = node.value
        return named(made, node.name)
