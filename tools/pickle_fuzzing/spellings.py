"""Spellings of text and binary arguments that readers of pickles disagree about, each a valid or broken one.

Sources of the forms: strtol and PyLong_FromString with base 0 (INT, LONG), base 10 (GET, PUT),
PyOS_string_to_double (FLOAT), PyBytes_DecodeEscape (STRING), the raw-unicode-escape codec (UNICODE), as
Modules/_pickle.c of CPython calls them.
"""

from __future__ import annotations

from typing import Final

INTEGERS: Final = (
    *(b"0", b"1", b"7", b"-1", b"42", b"255", b"256", b"-129", b"65536", b"2147483647", b"-2147483648"),
    *(b"00", b"01", b"02", b"10", b"000", b"001", b"010", b"0777", b"-010", b"08", b"09", b"0_1", b"018"),
    *(b"+1", b"-0", b"+0", b" 1", b" 0", b"\t1", b"\v1", b"\f0", b"1 ", b"12 ", b"12\t", b"12\r", b" 12 \r"),
    *(b"0x1f", b"0X1F", b"-0x1f", b"0x", b"0xg", b"0o17", b"0O17", b"0o8", b"0b101", b"0B1", b"0b2", b"0x_1f"),
    *(b"1_000", b"1__0", b"_1", b"1_", b"0x1_f", b"0_0", b"1L", b"0L", b"12LL", b"1l", b"1.0", b"1e3", b"abc"),
    *(b"", b" ", b"\0", b"\0\0", b"1\0", b"0\0", b"5\0junk", b"12\0L", b"0x1f\0", b"\x001", b"+", b"-", b"--1"),
    *(b"9223372036854775807", b"9223372036854775808", b"-9223372036854775808", b"-9223372036854775809"),
    *(b"18446744073709551616", b"0x7fffffffffffffff", b"0x8000000000000000", b"01777777777777777777777"),
    *(b"1" * 30, b"-" + b"9" * 40, b"0x" + b"f" * 40, b"1" * 4300, b"1" * 4301, b"\xb9", b"\xa01", b"1\xa0"),
)

LONGS: Final = (
    *(b"0L", b"1L", b"-1L", b"12345678901234567890L", b"12", b"-7", b"L", b"LL", b"1LL", b"1l", b"01L", b"00L"),
    *(b" 3L", b"3 L", b"3L ", b"0x1fL", b"0xL", b"0b1L", b"0o7L", b"1_0L", b"", b"\0L", b"3\0L", b"3\0xL", b"3L\0"),
    *(b"+5L", b"+-5L", b"00", b"007", b"9" * 60 + b"L", b"1" * 4301 + b"L", b"3L\r", b"3\r", b"-0L", b"\xffL"),
)

FLOATS: Final = (
    *(b"0.0", b"1.5", b"-1", b"-1.0", b"1e10", b"1E-5", b"1e999", b"-1e999", b"1e-999", b".5", b"5.", b".", b"-.5e1"),
    *(b"nan", b"NaN", b"-nan", b"inf", b"-inf", b"Infinity", b"INF", b"infi", b"nan(1)", b"1_0", b" 1", b"1 "),
    *(b"+1", b"++1", b"0x1p3", b"1e", b"1e+", b"", b"1.5\0junk", b"\0", b"1.5\r", b"1,5", b"abc", b"1.5L"),
    *(b"00001.5", b"1" * 400, b"0." + b"3" * 400, b"\xb2"),
)

INDICES: Final = (
    *(b"+%d", b" %d", b"0%d", b"000%d", b"%d ", b"%d\r", b"%d\0junk", b"\t%d", b"%d\t"),
    *(b"-%d", b"0x%d", b"%dL", b"%d_0", b"0_%d", b"_%d", b"%d.0", b"--%d", b"%da"),
)
"""Forms of a memo index in PUT and GET."""

BODIES: Final = (
    *(b"", b"a", b"os", b"abc", b"two words", b"system", b"posix", b"it's", b'say "x"', b"tab\there"),
    *(rb"a\nb", rb"\\", rb"\'", rb"\"", rb"\a\b\f\n\r\t\v", rb"\0", rb"\7", rb"\101", rb"\1011", rb"\8", rb"\177"),
    *(rb"\377", rb"\777", rb"\400", rb"\x41", rb"\x4", rb"\x", rb"\xg1", rb"\x7f", rb"\xff", rb"\q", rb"\N{DASH}"),
    *(
        rb"\u0041",
        b"\\",
        rb"\\\\",
        b"a\\",
        b"\x80",
        b"\xc3\xa9",
        b"nul\0nul",
        b"cr\r",
        rb"\157\163",
        b"'",
        b'"',
        b"'''",
    ),
)
"""Insides of the quotes of STRING."""

QUOTES: Final = (
    *((b"'", b"'"), (b'"', b'"'), (b"'", b"'"), (b'"', b'"'), (b"'", b"'"), (b'"', b'"')),
    *((b"'", b'"'), (b"", b""), (b"'", b""), (b" '", b"'"), (b"'", b"' "), (b"'", b"'\r"), (b"u'", b"'"), (b"`", b"`")),
)

UNICODES: Final = (
    *(b"", b"a", b"os", b"system", b"abc", b"caf\xe9", b"\xc3\xa9", b"tab\t", b"cr\r", b"nul\0x", b"'quoted'"),
    *(rb"\u0041", rb"\u00e9", rb"\ud800", rb"\udc00\ud800", rb"\U00000041", rb"\U0001f600", rb"\U00110000"),
    *(rb"\u004", rb"\u", rb"\ug000", rb"\U0000004", b"\\", rb"\\", rb"\\u0041", rb"\\\u0041", rb"\x41", rb"\n"),
    *(rb"\N{DASH}", rb"\u000a", rb"o\u0073", rb"\U0000006fs", b"\\u0041\\u0042"),
)

TEXTS: Final = (
    *("", "a", "b", "os", "posix", "system", "eval", "name", "x.y", "a b", "caf\u00e9", "\u4e16\u754c", "\U0001f600"),
    *("\0", "nul\0nul", "line\nbreak", "\ud800", "<locals>", "k" * 40, "__setstate__", "state", "args", "key", "1"),
    *("v" * 255, "w" * 256, "z" * 300),
)
"""Values of the binary strings."""

BROKEN_UTF8: Final = (b"\xff", b"\xc3", b"\xc0\x80", b"\xed\xa0", b"a\x80b", b"\xf4\x90\x80\x80", b"\xf0\x9f\x98")

MODULES: Final = (
    *("os", "posix", "builtins", "collections", "m", "mod", "pkg.sub", "pkg", "numpy.core", "torch._utils"),
    *("__builtin__", "copy_reg", "exceptions", "StringIO", "cPickle", "itertools", "UserDict", "Queue", "urllib2"),
    *("__main__", "", "x", "sys", "os.path", "email.MIMEText", "_functools", "socket", "commands", "whichdb"),
)
NAMES: Final = (
    *("system", "f", "g", "C", "OrderedDict", "getattr", "eval", "a.b", "x.y.z", "PlainOld", "Outer.Inner"),
    *("unicode", "xrange", "izip", "imap", "_reconstructor", "reduce", "StandardError", "StringIO", "UserDict"),
    *("", ".", "a.", ".a", "a..b", "__class__", "__dict__", "intern", "long", "Queue"),
)
ODD_LINES: Final = (
    *(b"os\r", b"", b" os", b"os ", b"caf\xc3\xa9", b"\xff", b"nul\0x", b"\xed\xa0\x80", b"\xc3", b"o\\x73", b"\t"),
    b"f.<locals>.g",
)
"""Lines in place of a module or a name of GLOBAL and INST."""

PIDS: Final = (b"", b"0", b"abc", b"('storage', 1)", b"caf\xc3\xa9", b"nul\0", b"cr\r", b"\xff")

SIZES: Final = (0, 1, 2, 3, 5, 8, 17, 40, 200, 255, 256, 300, 1000)

WRONG_LENGTHS: Final = (
    *(2**7, 2**8 - 1, 2**15, 2**16, 2**29, 2**30, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**40, 2**62),
    *(2**63 - 1, 2**63, 2**64 - 1),
)
EXTENSIONS: Final = (1, 2, 3, 255, 1000, 1000, 1000, 70_000, 70_000, 2**31 - 1, 0, 7, 256, 2**31, 2**32 - 1)
"""Codes of EXT1, EXT2 and EXT4: most are registered in the reference, the rest not, or not valid."""

NUMBER_LETTERS: Final = b"0011234567899xXoObBlL_+-. \t\r\v\0eEaf\xb2"
STRING_LETTERS: Final = b"\\\\\\\\'\"x0017789anrtuN{}osb \t\0\x80\xff"
UNICODE_LETTERS: Final = b"\\\\\\\\uuUU00004461dD8fFoxN{} \xe9\0"
NAME_LETTERS: Final = b"os.pathx_<>1 \t\r\0\xc3\xa9\xe2\x82\xac"
"""Letters of which random text arguments are made."""
