"""The face of a submodel that the gateway makes for a machine: all that others know of it.

A file in `aas_models/submodels/` with a tuple `KINDS` is all that a new one needs. The files are
read when a configuration is loaded, so they import at module level nothing that needs NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from aas_models.environment_parts import AnySubmodel, SubmodelPart
from gateway.core.assets import AssetModel
from gateway.core.files import NamedFile

if TYPE_CHECKING:
    from aas_models.values import Slots
    from gateway.core.records import Batch, Gap

PLACE_OF_TAGS = 30
"""Where the submodels that tags fill stand between those that the gateway makes."""


class Feed(Protocol):
    """What submodels keep of one device's values beside the newest ones; it outlives an edit."""

    def bind(self, slots: Slots) -> None:
        """Learn the slot of each signal of the device; 0 for one without a slot of its own."""

    def take(self, slots: Slots, batch: Batch) -> None:
        """Take a batch whose samples go to these slots; on the path of every value."""

    def gap(self, gap: Gap) -> None:
        """Take a span in which samples are missing."""


_F = TypeVar("_F", bound=Feed)


@dataclass(frozen=True, slots=True)
class FeedKind(Generic[_F]):
    """How a feed is made; kinds that read the same one share it.

    `make` gets the feed that the device had before an edit and gives it back where it still holds;
    None where the device has none.
    """

    name: str
    make: Callable[[AssetModel, _F | None], _F | None]


def _no_files(_model: AssetModel) -> Mapping[str, NamedFile]:
    return {}


@dataclass(frozen=True, slots=True)
class SubmodelKind:
    """One kind of submodel.

    Attributes:
        name: its idShort, which no tag may fill; of one that stands beside each submodel of tags
            the end of it, see `beside`.
        semantic_id: of the submodel; None where it follows from the idShort.
        place: where it stands in a shell; those of tags stand at `PLACE_OF_TAGS`.
        parts: makes it for a device, from the model and the submodels of tags; nothing where the
            model has no id for it or nothing to say. One that follows values gives parts that show
            themselves, see `FollowingPart`.
        describes: it says what the machine is, whatever that sends; a maker's file may say more.
        beside: there is one for each submodel of tags, named by that one and `name`.
        needs: the section of a device file without which nobody gives it an id.
        feed: what it keeps of the values that come.
        comes_and_goes: its elements do, so an export takes it from the running service.
        files: gives the files that its File elements name, by the element's value.
        template: name of the official template in `aas_models/templates`; None for one of ours.
        stated_by: the key of a device file that states an element of the template, by idShort path.
    """

    name: str
    semantic_id: str | None
    place: int
    parts: Callable[[AssetModel, Sequence[AnySubmodel]], Sequence[SubmodelPart]]
    describes: bool = False
    beside: bool = False
    needs: str | None = None
    feed: FeedKind[Any] | None = None
    comes_and_goes: bool = False
    files: Callable[[AssetModel], Mapping[str, NamedFile]] = _no_files
    template: str | None = None
    stated_by: Mapping[str, str] = field(default_factory=dict)

    def names(self, of_tags: Sequence[str]) -> list[str]:
        """Give its idShorts on a device whose tags fill submodels of these."""
        return [f"{name}{self.name}" for name in of_tags] if self.beside else [self.name]
