"""The messages of schemas/ and ledger.proto for Python, made from the .proto files themselves."""
import functools
import pathlib
import subprocess
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

HERE = pathlib.Path(__file__).resolve().parent
SCHEMAS = HERE.parent.parent / "schemas"


@functools.lru_cache(maxsize=None)
def _classes():
    with tempfile.NamedTemporaryFile(suffix=".binpb") as out:
        protos = [str(path) for path in sorted((SCHEMAS / "medhub").rglob("*.proto"))]
        subprocess.run(["protoc", f"-I{SCHEMAS}", f"-I{HERE}", "--include_imports",
                        f"--descriptor_set_out={out.name}", *protos, str(HERE / "ledger.proto")], check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(out.name).read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return {f"{file.package}.{message.name}":
            factory.GetPrototype(pool.FindMessageTypeByName(f"{file.package}.{message.name}"))
            for file in files.file for message in file.message_type}


def message(name):
    """The class of "ledger.v1.Transfer" (package medhub left out)."""
    return _classes()["medhub." + name]
