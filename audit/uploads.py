"""Files that are sent: bounded before they are read, and in memory only."""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import MemoryFileUploadHandler
from rest_framework.parsers import MultiPartParser


class UploadTooBig(RequestDataTooBig):
    """A form with files that is over the limit. Its message says value, limit and cure."""


class BoundedUploads(MemoryFileUploadHandler):
    """Refuses a form by its length before any of it is read. Nothing is ever written to the disk in clear."""

    def handle_raw_input(
        self,
        input_data: Any,  # noqa: ANN401 - as in Django
        META: dict[str, Any],  # noqa: N803
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        limit = settings.FILE_UPLOAD_MAX_MEMORY_SIZE
        if content_length > limit:
            raise UploadTooBig(f"the form has {content_length:,} bytes; at most {limit:,} are taken: split the file")
        super().handle_raw_input(input_data, META, content_length, boundary, encoding)


class FormParser(MultiPartParser):
    """Reads a form with files. Its texts are UTF-8: a charset that the client names could be any codec."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:  # noqa: ANN401
        return super().parse(stream, media_type, {**(parser_context or {}), "encoding": "utf-8"})
