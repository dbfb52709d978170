#!/usr/bin/python3
"""libmedhub as an outsider gets it: installed into a folder of its own, found by pkg-config, used from C11 and C++17, shared and
static; nothing but medhub_* is exported, and the manual knows every option and function."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["MEDHUB_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["MEDHUB_BUILD_DIR"])
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
CLASHING = "buffer_append", "outbox_put", "error_say", "arena_new", "code_parse", "courier_open", "sign_request"


def run(*words, **more):
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode != 0:
        raise AssertionError(f"{words} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


class Library(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="libmedhub.", dir=BUILD))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.prefix = cls.folder / "moved"
        run("cmake", "--install", BUILD, "--component", "client", "--prefix", cls.folder / "prefix")
        (cls.folder / "prefix").rename(cls.prefix)  # the .pc file must not know where it was made
        cls.header = cls.prefix / "include" / "medhub" / "medhub.h"
        cls.libraries = cls.one("**/libmedhub.so").parent
        cls.environment = {**os.environ, "PKG_CONFIG_PATH": str(cls.libraries / "pkgconfig"),
                           "LD_LIBRARY_PATH": str(cls.libraries)}
        cls.declared = set(re.findall(r"^[a-z][^;#(]*[ *](medhub_[a-z_]+)\(", cls.header.read_text(), re.MULTILINE))
        cls.declared -= {name for name in cls.declared if name.endswith("_callback")}

    @classmethod
    def one(cls, pattern):
        found = [path for path in cls.prefix.glob(pattern)]
        assert len(found) == 1, (pattern, found)
        return found[0]

    def flags(self, *words):
        return run("pkg-config", *words, "medhub", env=self.environment).split()

    def compile(self, compiler, source, *words):
        program = self.folder / "program"
        run(*compiler.split(), *STRICT, *self.flags("--cflags"), source, "-o", program, *words)
        return program

    def test_what_is_installed(self):
        for pattern in ("lib/**/libmedhub.a", "lib/**/libmedhub.so", "lib/**/libmedhub.so.1", "lib/**/medhub.pc",
                        "include/medhub/medhub.h", "share/man/man3/medhub.3", "bin/medhub-client"):
            self.one(pattern)
        self.assertEqual([path.name for path in self.header.parent.iterdir()], ["medhub.h"])
        self.assertEqual(self.flags("--modversion")[0], "0.1.0")

    def test_the_header_stands_alone_in_c_and_cxx(self):
        for compiler, name in (("gcc -std=c11", "alone.c"), ("clang -std=c11", "alone.c"), ("g++ -std=c++17", "alone.cc"),
                               ("clang++ -std=c++17", "alone.cc")):
            source = self.folder / name
            source.write_text("#include <medhub/medhub.h>\n#include <medhub/medhub.h>\n"
                              "int main() { struct medhub_error error = MEDHUB_ERROR_INIT;\n"
                              "struct medhub_event event = MEDHUB_EVENT_INIT; (void)event;\n"
                              "struct medhub_state state = MEDHUB_STATE_INIT; (void)state;\n"
                              "return medhub_open(0, 0, &error) == MEDHUB_INVALID ? 0 : 1; }\n")
            if shutil.which(compiler.split()[0]) is None:
                continue
            run(self.compile(compiler, source, *self.flags("--libs")), env=self.environment)

    def test_the_header_takes_no_foreign_name(self):
        macros = [set(re.findall(r"#define (\w+)", run("gcc", "-dM", "-E", "-x", "c", "-", input=text)))
                  for text in ("#include <stddef.h>\n#include <stdint.h>\n",
                               f'#include "{self.header}"\n')]
        self.assertEqual([name for name in macros[1] - macros[0] if not name.startswith("MEDHUB_")], [])
        self.assertGreater(len(self.declared), 35)

    def test_only_what_the_header_declares_is_exported(self):
        lines = run("nm", "-D", "--defined-only", self.one("lib/**/libmedhub.so")).split("\n")
        exported = {line.split()[2] for line in lines if line and " A " not in line}
        self.assertEqual({name.split("@@")[0] for name in exported}, self.declared)
        self.assertEqual({name.split("@@")[1] for name in exported}, {"MEDHUB_1"})
        lines = run("nm", "-g", "--defined-only", self.one("lib/**/libmedhub.a")).split("\n")
        self.assertEqual({line.split()[2] for line in lines if len(line.split()) == 3}, self.declared)

    def test_the_shared_library_has_a_name_and_needs_no_kafka(self):
        dynamic = run("readelf", "-d", self.one("lib/**/libmedhub.so"))
        self.assertIn("soname: [libmedhub.so.1]", dynamic)
        needed = set(re.findall(r"NEEDED.*\[(.*?)\]", dynamic))
        self.assertEqual({name.split(".so")[0] for name in needed},
                         {"libcurl", "libsqlite3", "libjansson", "libcrypto", "libc"})

    def test_the_examples_are_short_and_build_shared_and_static(self):
        for name in ("hospital.c", "pharmacy.c"):
            source = SOURCE / "ops" / "examples" / name
            self.assertLessEqual(len(source.read_text().splitlines()), 60, name)
            shared = self.compile("gcc -std=gnu11", source, *self.flags("--libs"))
            self.assertIn("libmedhub.so.1", run("ldd", shared, env=self.environment))
            archive = [word.replace("-lmedhub", "-l:libmedhub.a") for word in self.flags("--libs", "--static")]
            static = self.compile("gcc -std=gnu11", source, *archive)
            self.assertNotIn("libmedhub", run("ldd", static, env=self.environment))
            done = subprocess.run([static], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.assertIn("usage:", done.stderr)

    def test_the_archive_clashes_with_nothing_of_a_program(self):
        source = self.folder / "clash.c"
        source.write_text("#include <medhub/medhub.h>\n#include <stdio.h>\n"
                          + "".join(f"int {name}(void);\nint {name}(void) {{ return 7; }}\n" for name in CLASHING)
                          + "int main(void) { char *json = 0; int status = medhub_code_parse(\"(01)06926347962617\", 18, 2026, "
                          "&json, 0);\nputs(json); medhub_free(json); return status; }\n")
        archive = [word.replace("-lmedhub", "-l:libmedhub.a") for word in self.flags("--libs", "--static")]
        self.assertIn('"di":"06926347962617"', run(self.compile("gcc -std=c11", source, *archive)))

    def test_the_manual_knows_every_option_and_function(self):
        manual = self.one("share/man/man3/medhub.3").read_text()
        options = re.findall(r"^ +(?:TEXT|NUMBER)\((\w+),", (SOURCE / "hub/client/settings.c").read_text(), re.MULTILINE)
        self.assertGreater(len(options), 20)
        self.assertEqual(re.findall(r"^\.TP\n\.B (\w+)$", manual, re.MULTILINE), options)
        self.assertEqual(sorted(name for name in self.declared if not re.search(rf"\b{name}\b", manual)), [])

    def test_the_map_is_the_header(self):
        names = re.findall(r"^ +(medhub_[a-z_]+);", (SOURCE / "hub/client/medhub.map").read_text(), re.MULTILINE)
        self.assertEqual(names, sorted(self.declared))

    def test_the_command_line(self):
        client = self.one("bin/medhub-client")
        done = subprocess.run([client], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("usage:", run(client, "--help"))
        out = run(client, "code", input="(01)06926347962617(17)280131\n")
        self.assertIn('"expires_on":"2028-01-31"', out)


if __name__ == "__main__":
    unittest.main()
