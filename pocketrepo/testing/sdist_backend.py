"""A build backend (PEP 517) of the standard library alone: it packs ``wheel/``, which is a wheel unpacked.

It goes into sdists as it stands here, so it runs on every Python 3.
"""

import os
import shutil
import zipfile

TREE = "wheel"


def build_wheel(
    wheel_directory: str, config_settings: object = None, metadata_directory: object = None
) -> str:
    filename = _dist_info()[: -len(".dist-info")] + "-py3-none-any.whl"
    target = os.path.join(wheel_directory, filename)  # noqa: PTH118
    # Files of an sdist may be older than what a zip archive can say.
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for folder, _, names in os.walk(TREE):
            for name in names:
                path = os.path.join(folder, name)  # noqa: PTH118
                archive.write(path, os.path.relpath(path, TREE))
    return filename


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: object = None) -> str:
    name = _dist_info()
    shutil.copytree(os.path.join(TREE, name), os.path.join(metadata_directory, name))  # noqa: PTH118
    return name


def _dist_info() -> str:
    [name] = [name for name in os.listdir(TREE) if name.endswith(".dist-info")]  # noqa: PTH208
    return name
