"""Images of containers and 7z archives: payloads in layers and members, blobs under a wrong name, links and bombs."""

from __future__ import annotations

import gzip
import hashlib
import json
import struct
from typing import TYPE_CHECKING, Final

import zstandard

from corpora.case import Case, Expectation, Technique
from corpora.hostile.structured_files import PAYLOAD, tarred, zipped
from corpora.seven_zip import METHODS, archive, files, number, streams, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TORCH: Final = {"m/data.pkl": PAYLOAD, "m/version": b"3\n"}
NOTHING: Final = {"m/data.pkl": b"\x80\x02K\x01.", "m/version": b"3\n"}
LAYER: Final = "application/vnd.oci.image.layer.v1.tar"


def blob(content: bytes) -> str:
    """Return the name that a layout stores a blob under."""
    return f"blobs/sha256/{hashlib.sha256(content).hexdigest()}"


def descriptor(content: bytes, kind: str) -> dict[str, object]:
    """Return what a manifest says of a blob."""
    return {"mediaType": kind, "size": len(content), "digest": f"sha256:{hashlib.sha256(content).hexdigest()}"}


def layout(layers: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files of an image layout (OCI image specification 1.1), with layers by their media types."""
    config = b'{"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}'
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor(config, "application/vnd.oci.image.config.v1+json"),
            "layers": [descriptor(content, kind) for kind, content in layers.items()],
        }
    ).encode()
    index = {"schemaVersion": 2, "manifests": [descriptor(manifest, "application/vnd.oci.image.manifest.v1+json")]}
    contents = [config, manifest, *layers.values()]
    return {
        "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
        "index.json": json.dumps(index).encode(),
        **{blob(content): content for content in contents},
    }


def image(files: Mapping[str, bytes], packing: str = "gzip") -> bytes:
    """Return an image of one layer with those files, as one tar."""
    layer = tarred(files, "w")
    packers: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstandard.compress}
    packed = packers.get(packing, bytes)(layer)
    return tarred(layout({f"{LAYER}+{packing}".rstrip("+"): packed}), "w")


def saved(files: Mapping[str, bytes], layer_name: str = "0" * 64 + "/layer.tar") -> bytes:
    """Return an image as `docker save` wrote it before version 25."""
    manifest = [{"Config": "config.json", "RepoTags": ["m:latest"], "Layers": [layer_name]}]
    members = {"manifest.json": json.dumps(manifest).encode(), "config.json": b"{}", layer_name: tarred(files, "w")}
    return tarred(members, "w")


def cases() -> Iterator[Case]:
    """Yield images, then 7z archives."""
    for packing in ("gzip", "zstd", ""):
        hostile, twin = image({"app/m.pkl": PAYLOAD}, packing), image({"app/m.pkl": b"\x80\x02K\x01."}, packing)
        yield _case(f"image: pickle in a layer ({packing or 'plain'})", hostile, twin)
    torch = image({"app/m.pt": zipped(TORCH)}), image({"app/m.pt": zipped(NOTHING)})
    yield _case("image: torch archive in a layer", *torch)
    removed = image({"app/m.pkl": PAYLOAD, "app/.wh.m.pkl": b""}), image({"app/.wh.m.pkl": b""})
    yield _case("image: pickle that a whiteout hides", *removed)
    yield _case("image: payload in a whiteout", image({"app/.wh.m.pkl": PAYLOAD}), image({"app/.wh..wh..opq": b""}))
    yield _case("image: whiteout that climbs", image({"app/.wh...": b""}), image({"app/.wh.x": b""}))
    yield _case("image: docker save", saved({"m.pkl": PAYLOAD}), saved({"a.txt": b"text"}))
    climbing = saved({"a.txt": b"text"}, "../../layer.tar")
    yield _case("image: docker save that climbs", climbing, saved({"a.txt": b"text"}))
    weights = {"application/vnd.ollama.image.model": PAYLOAD}
    yield _case("image: model as a layer", tarred(layout(weights), "w"), None)
    parts = layout({f"{LAYER}": tarred({"a.txt": b"text"}, "w")})
    name = next(reversed(parts))
    changed = tarred({**parts, name: parts[name] + bytes(1024)}, "w")
    yield _case("image: blob of another digest", changed, tarred(parts, "w"))
    manifest = json.dumps({"schemaVersion": 2, "layers": [{"mediaType": "x", "digest": "sha256:../../../etc/passwd"}]})
    yield _case("image: digest that is a path (CVE-2024-37032)", manifest.encode(), None)
    yield from _seven_zip()


def _seven_zip() -> Iterator[Case]:
    for method in METHODS:
        hostile, twin = written({"model.pkl": PAYLOAD}, method), written({"model.pkl": b"\x80\x02K\x01."}, method)
        yield _case(f"7z: pickle by {method}", hostile, twin)
    yield _case("7z: second in a stream", written({"a.txt": b"x", "b": PAYLOAD}), written({"a.txt": b"x", "b": b"y"}))
    yield _case("7z: torch archive", written({"m.pt": zipped(TORCH)}), written({"m.pt": zipped(NOTHING)}))
    yield _case("7z: in a 7z", written({"i.7z": written({"m": PAYLOAD})}), written({"i.7z": written({"m": b"text"})}))
    yield _case("7z: in a zip", zipped({"i.7z": written({"m": PAYLOAD})}), zipped({"i.7z": written({"m": b"text"})}))
    yield _case("7z: name that climbs", written({"../../m.txt": b"x"}), written({"d/m.txt": b"x"}))
    yield _case("7z: pickle behind it", written({"a.txt": b"x"}) + PAYLOAD, None)
    attributes = b"\x15" + number(6) + b"\x01\x00" + struct.pack("<I", 0o120777 << 16 | 0x8000)
    target = b"/etc/passwd"
    linked = b"\x01\x04" + streams(METHODS["copy"][0], target, target) + files(["x"], attributes) + b"\x00"
    yield _case("7z: link outside", archive(target, linked), None)
    bomb = written({"zeros": bytes(300 * 1024 * 1024)})
    yield _case("7z: bomb", bomb, None)
    for name, folder in {"encrypted": b"\x01\x24\x06\xf1\x07\x01\x02\x00\x00", "PPMd": b"\x01\x03\x03\x04\x01"}.items():
        header = b"\x01\x04" + streams(folder, PAYLOAD, PAYLOAD) + files(["m.pkl"]) + b"\x00"
        yield Case(
            name=f"7z: {name}",
            technique=Technique.SEVEN_ZIP,
            data=archive(PAYLOAD, header),
            expectation=Expectation.REFUSED,
            file_name="model.7z",
        )
    yield Case(
        name="7z: broken header",
        technique=Technique.SEVEN_ZIP,
        data=written({"a": b"x"})[:-4],
        expectation=Expectation.REFUSED,
        file_name="model.7z",
    )


def _case(name: str, data: bytes, twin: bytes | None) -> Case:
    is_image = name.startswith("image")
    return Case(
        name=name,
        technique=Technique.IMAGES if is_image else Technique.SEVEN_ZIP,
        data=data,
        expectation=Expectation.FLAGGED,
        twin=twin,
        file_name="image.tar" if is_image else "model.7z",
    )
