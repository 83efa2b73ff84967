"""Thumbnails and attachments. Source: IDTA-01002 (Part 2) 3.1, GetThumbnail and GetFileByPath."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.parser import BytesParser
from email.policy import HTTP

from starlette.requests import Request
from starlette.responses import Response

from gateway.api.aas.documents import Documents, Handler, Table, done
from gateway.api.answers import ApiError, has_tag, identifier
from gateway.core.files import NamedFile

NAME_LENGTH_MAX = 120
_UNSAFE = re.compile(r"[^0-9A-Za-z가-힣._-]+")
_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,64}/[A-Za-z0-9!#$&^_.+-]{1,64}")
ACTIVE = re.compile(r"html|xml|svg|script", re.IGNORECASE)
"""Types that a browser might run; they are handed out as a download only."""


class Files:
    """Handlers of both kinds of files."""

    def __init__(self, found: Documents) -> None:
        self._served = found

    def table(self) -> Table:
        """Give the handlers."""
        attachment: dict[str, Handler] = {
            "GET": self._attachment, "PUT": self._put_attachment, "DELETE": self._no_attachment,
        }  # fmt: skip
        thumbnail: dict[str, Handler] = {
            "GET": self._thumbnail, "PUT": self._put_thumbnail, "DELETE": self._no_thumbnail,
        }  # fmt: skip
        path = "/submodels/{submodel}/submodel-elements/{path}/attachment"
        return {
            "/shells/{aas}/asset-information/thumbnail": thumbnail,
            path: attachment,
            f"/shells/{{aas}}{path}": attachment,
        }

    async def _thumbnail(self, request: Request) -> Response:
        shell = self._served.shell(request)
        content = self._served.port.content
        return _sent(request, await content.thumbnail(shell.id) if content else None)

    async def _attachment(self, request: Request) -> Response:
        submodel, path = await self._served.prepared(request), request.path_params["path"]
        if submodel.element(path)["modelType"] not in {"File", "Blob"}:
            raise ApiError(405, "only a File has an attachment")
        content = self._served.port.content
        return _sent(request, await content.attachment(submodel.id, path) if content else None)

    async def _put_thumbnail(self, request: Request) -> Response:
        shell = identifier(request.path_params["aas"])
        await self._served.content.put_thumbnail(shell, await _file(request))
        return done()

    async def _no_thumbnail(self, request: Request) -> Response:
        await self._served.content.remove_thumbnail(identifier(request.path_params["aas"]))
        return done()

    async def _put_attachment(self, request: Request) -> Response:
        content, submodel = self._served.content, self._served.submodel(request)
        await content.put_attachment(submodel.id, request.path_params["path"], await _file(request))
        return done()

    async def _no_attachment(self, request: Request) -> Response:
        content, submodel = self._served.content, self._served.submodel(request)
        await content.remove_attachment(submodel.id, request.path_params["path"])
        return done()


def _sent(request: Request, file: NamedFile | None) -> Response:
    if file is None:
        raise ApiError(404, "no file is stored here")
    etag = f'"{hash(file.data) & 0xFFFFFFFFFFFF:x}-{len(file.data):x}"'
    name = file.name.encode("ascii", "replace").decode().replace("?", "_")
    shown = "attachment" if ACTIVE.search(file.content_type) else "inline"
    headers = {"etag": etag, "content-disposition": f'{shown}; filename="{name}"',
               "content-security-policy": "default-src 'none'; sandbox"}  # fmt: skip
    if has_tag(request, etag):
        return Response(None, 304, headers)
    return Response(file.data, 200, {**headers, "content-type": file.content_type})


async def _file(request: Request) -> NamedFile:
    """Read a file from multipart/form-data, as Part 2 has it, or from the body as it is."""
    given = request.headers.get("content-type", "")
    body = await request.body()
    if given.lower().startswith("multipart/form-data"):
        return _from_form(given, body)
    name = request.query_params.get("fileName", "")
    return _checked(name, given.partition(";")[0], body)


def _from_form(content_type: str, body: bytes) -> NamedFile:
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    fields: Mapping[str, tuple[str, str, bytes]] = {
        str(part.get_param("name", header="content-disposition")): (
            part.get_filename() or "",
            part.get_content_type(),
            _payload(part.get_payload(decode=True)),
        )
        for part in (message.iter_parts() if message.is_multipart() else ())
    }
    if "file" not in fields:
        raise ApiError(400, "the form has no field `file`")
    name, kind, data = fields["file"]
    said = fields.get("fileName", ("", "", b""))[2].decode(errors="replace").strip()
    return _checked(said or name, kind, data)


def _payload(given: object) -> bytes:
    return given if isinstance(given, bytes) else b""


def _checked(name: str, kind: str, data: bytes) -> NamedFile:
    if not data:
        raise ApiError(400, "the file is empty")
    plain = _UNSAFE.sub("_", name.replace("\\", "/").rpartition("/")[2]).lstrip(".")
    kind = kind if _TYPE.fullmatch(kind) else "application/octet-stream"
    return NamedFile(kind, plain[-NAME_LENGTH_MAX:] or "file", data)
