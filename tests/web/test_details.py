from __future__ import annotations

from pocketrepo.model import File, Release
from pocketrepo.web.details import representative


def test_a_wheel_speaks_for_a_release() -> None:
    names = ["x-1.tar.gz", "x-1-py3-none-any.whl", "x-1.zip"]
    files = [File(name, "1", "k", 1, "0" * 64, "2026-01-01T00:00:00.000000Z") for name in names]
    assert representative(Release("1", tuple(files))).filename == names[1]
