"""Writes fixtures/vendors/chase/emails.jsonl: texts, and what the reference stack of the dossier (S2) makes of each.

    python3.11 -m venv venv
    venv/bin/pip install email-validator==2.4.0 idna==3.20 pydantic==2.14.3
    venv/bin/python recorded.py

First the boundaries of every rule, then random texts, at most so many for each text of a refusal. The same versions
give the same file.
"""

import collections
import json
import pathlib
import random
import re
import sys
import unicodedata

import email_validator
import idna
import pydantic
from idna import idnadata
from pydantic.networks import validate_email
from pydantic_core import PydanticCustomError

assert unicodedata.unidata_version == "14.0.0", "wants Python 3.11"
versions = (email_validator.__version__, idna.__version__, pydantic.VERSION)
assert versions == ("2.4.0", "3.20", "2.14.3"), versions

FILE = pathlib.Path(__file__).parents[5] / "fixtures/vendors/chase/emails.jsonl"
RANDOM_TEXTS = 40_000
LONGEST_RANDOM_TEXT = 150
SAME_REFUSAL = 14
SAME_DETAIL = 8
ACCEPTED = 200

chance = random.Random("e-mail addresses")


def punycode(label):
    return "xn--" + label.encode("punycode").decode()


BOUNDARIES = {
    "the text as sent": [
        "", " ", "é" * 2048, "é" * 2049, "a" * 2038 + "@b.example", "a" * 2039 + "@b.example",
        "\na@b.example", "a@b.example\r", "\x0ba@b.example\x0c", "\x1c\x1d\x1e\x1fa@b.example\x85\xa0\u1680\u2003\u2028\u3000",
        "\u200ba@b.example", "\ufeffa@b.example", "a @b.example", "a@ b.example",
    ],
    "pretty form": [
        "<a@b.example>", " < a@b.example > ", "A <a@b.example>", "A B\u2003C<a@b.example>", "J. Doe <a@b.example>",
        "Jörg Ⅷ ٣ 李 <a@b.example>", "A_!#$%&'*+-/=?^_`{|}~ <a@b.example>", "A, B <a@b.example>", "A\u0301 <a@b.example>",
        '"A, B" <a@b.example>', '"" <a@b.example>', '"""<a@b.example>', '"A" "B" <a@b.example>', '"A" B <a@b.example>',
        '"A <x@y.example>" <a@b.example>', '"A" <x@y.example>" <a@b.example>', '"A\\" <a@b.example>', '"A" <>', "A <>", "<>", "<>>",
        "<<a@b.example>>", "<a@b.example>>", "<a@b.example> x", "A <a@b.example", "A a@b.example>", 'a"b <a@b.example>',
        '"A"<\u0338a@b.example>', '"\x00" <a@b.example>', "A\x00 <a@b.example>", "<a@b.example>\u2003",
    ],
    "finding the at-sign": [
        "a", "a.example", "@", "@@", "a@b@c.example", "a＠b.example", "a﹫b.example", "a﹫b＠c.example", "a＠b@c.example", "a@b＠c.example",
        '"a@b.example', '"a"@b.example', '"a@c"@b.example', 'a"@b.example', 'a"b"@c.example', '"a\\"@b.example', '"a\\\\"@b.example',
        '"\\\u212a"@b.example', '"\\\u212a"@b.example"@c.example', "a<\u0338@b.example", "a@\u0338b.example",
        "<" + "\u0323" * 30 + "\u0338@b.example", "<" + "\u0323" * 31 + "\u0338@b.example", '"A"x <a@b.example> y', '"A" <a@b.example> y',
        "A;B <a@b.example> y", "A;B <a@b.example", "A.B\\'é <a@b.example> y", "A<a@b.example> y", "A <a@b.example>  y>", "A;<a@b.example>",
        "<a@b.example>x>", "A\u200b <a@b.example>", '"A\u200b\x07"<a@b.example', '"A\u2003"<a@b.example', "<", "<>", "< >", ">", "a>", "a<b>", "<a＠b>x",
        "\u0301 <a@b.example", "A <@b.example> .>", "A<<a@b.example>>", "A <a@b.example>>",
    ],
    "local part": [
        "@b.example", '""@b.example', '""', '"a"b@c.example', '"a" b@c.example', "a@b.example", "!#$%&'*+-/=?^_`{|}~@b.example",
        *(f"{c}@b.example" for c in map(chr, range(0x80)) if not c.isalnum()), *(f"a{c}b@b.example" for c in ' "(),:;<>[\\]\x00\x1f\x7f'),
        "\u0301a@b.example", "a\u0301@b.example", "a\xa0b@b.example", "a\u2028b@b.example", "a\u200db\u200d\xadc\ue000@b.example", "\U0001fae8@b.example",
        "a\u0378@b.example", "a\uffff@b.example", "a\U0010ffff@b.example", "a\x80@b.example", "(é@b.example", "é(\\'\"x@b.example", "(,;:>é'@b.example",
        '"a b"@c.example', '"\x01\x7f\t"@c.example', '"é\x01\u200d"@c.example', '"é\u200d"@c.example', '"é\xa0"@c.example', '"é\u2028"@c.example',
        '"\u0301"@c.example', '"a \u200d"@c.example', '" \u2028\xa0\u200b"@c.example', '"\u0301 "@c.example', '"a..b"@c.example', '"."@c.example', ".a@b.example", "a.@b.example", "a..b@c.example", ".@b.example", "..@b.example",
        ".é@b.example", "é..é@b.example", "a\u037eb@c.example", "\u037e@c.example", "\u1fef@c.example", "\u212a@c.example", "e\u0301@c.example", "\u0958@c.example", '"a\u037eb"@c.example',
        "\u1100\u1161\u11a8@c.example", "a\u0323\u0307@c.example", "a\u0307\u0323@c.example", "x" * 65 + "@b.example",
        "INFO@b.example", "Info+x@b.example", "mar\u212aeting@b.example", "PostMaster@b.example", "User@b.example", "İnfo@b.example",
    ],
    "bracketed domain": [
        f"a@[{literal}]"
        for literal in [
            "", "127.0.0.1", "0.0.0.0", "255.255.255.255", "256.1.1.1", "1.2.3", "1.2.3.4.5", "1..2.3", "1.2.3.", ".", "...", "01.2.3.4", "1.2.3.1000", "1.2.3.00", "1.2.3.999", "5",
            "1.2.3.x", "１.2.3.4", "x", "IPv6", "IPv6:", "IPv6::", "IPv6:::", "ipv6:::1", "IPV6:1:2:3:4:5:6:7:8", "IPv6:1:2:3:4:5:6:7", "IPv6:1:2:3:4:5:6:7:8:9",
            "IPv6:1:2:3:4:5:6:7:8:9:a", "IPv6:1::2::3", "IPv6::1::2", "IPv6:1::2:", "IPv6:1:2:3:4:5:6:7::8", "IPv6:1:2:3:4:5:6:7::", "IPv6:::2:3:4:5:6:7:8", "IPv6::2:3:4:5:6:7:8", "IPv6:1:2:3:4:5:6:7:",
            "IPv6:g::", "IPv6:12345::", "IPv6:'::", "IPv6:\"'::", "IPv6:\\\t\u200b\U000e0001é::", "IPv6:::1.2.3.4", "IPv6:::1.2.3", "IPv6:::1.2.3.256", "IPv6:::1.2.3.x", "IPv6:1:2:3:4:5:6:1.2.3.4", "IPv6:1.2.3.4",
            "IPv6:fe80::1%eth0", "IPv6:fe80::1%", "IPv6:fe80::1%a%b", "IPv6:%x", "IPv6:x%y", "IPv6:::1/64", "IPv6:::1%a/b", "IPv6:::１", "X:1", "X: ", "é:\u0100\u00fb\u00fa\x7f", ":", "\u212aIPv6:", "İPv6:x",
        ]
    ] + ["a@[", "a@]", "a@[]x", "a@[127.0.0.1", "a@127.0.0.1]", '"a"@[127.0.0.1]', "A;B <a@[127.0.0.1]> y>"],
    "domain name": [
        "a@", "a@" + "b" * 253, "a@" + "b" * 254, "a@" + "é" * 255, *(f"a@b{c}c.example" for c in map(chr, range(0x80)) if not c.isalnum()), "a@b!_é.example",
        *(f"a@b{c}c.example" for c in "\x80\xa0\xad\u0301\u0378\u034f\u200c\u200d\u2028\u2060\u2064\u3164\ufe0f\ufeff\ufffd\U0001bca0\U000e0100"), "a@\u0301b.example", "a@é\u200d\xa0\x85.example",
        *(f"a@b{c}c.example" for c in "․‥…⒈⒛㏂㏇㏘﹒．。｡🄀⑴ﷺ℀＿！ﬀ½ⅧßςΣİıſſ́ÅΩ≠⦅⿰☃・·ー々〇ㄱᄀ가"), "a@㎉.example", "a@é≠.example",
        "a@b.example.", "a@.b.example", "a@b..example", "a@.", "a@b.example-", "a@-b.example", "a@b-.example", "a@b.-example", "a@b。-example", "a@-", "a@ab--c.example", "a@éa--b.example", "a@xn--é.example",
        "a@a--b.example", "a@axn--b.example", "a@b.ab--c", "a@" + "b" * 63 + ".example", "a@" + "b" * 64 + ".example", "a@" + "é" * 57 + ".example", "a@" + "é" * 58 + ".example", "a@" + "ö" * 300 + ".example",
        "a@" + ".".join(["b" * 50] * 4) + ".bücher.example", "a@" + ".".join(["é" * 40] * 6) + ".example", "a@" + "㎉" * 80 + ".example", "a@" + "㎉" * 80 + ".é.example", "a@ﬀ" + "b" * 63 + ".é.example",
        "a@b", "a@é", "a@example", "a@b.1", "a@b.c1", "a@b.é", "a@b.рф", "a@é.1", "a@\u3164", "a@\u3164\u3164.example", "a@ʻ.example",
        *(f"a@{prefix}{name}" for name in ["arpa", "invalid", "local", "localhost", "onion", "test", "Test", "example", "xlocal"] for prefix in ["", "b."]), "a@é.ｔest",
        "a@B.Example", "a@ＢÜCHER.example", "a@b。example", "a@xn--bcher-kva.example", "a@XN--BCHER-KVA.example", "a@xn--.example", "a@xn--a-.example", "a@xn--a.example", "a@xn---bbk.example",
        "a@xn--zzzzzzzz.example", "a@xn--a!.example", "a@xn--99999.example", "a@xn--a.é.example", "a@xn--" + "a" * 59 + ".example", "a@xn--ü.example",
    ],
    "labels": [
        f"a@{punycode(label)}{rest}"
        for label in [
            "-é", "é-", "ab--é", "\u0301a", "e\u0301", "É", "☃", "☃'", "क्\u200d", "क्\u200c", "क\u200d", "क\u200c", "ب\u200cب", "ب\u0650\u200c\u0650ب", "ب\u200cا", "ا\u200cب", "\u200d", "𗀀\u200d", "\u1acf\u200d",
            "l·l", "a·l", "l·", "͵α", "͵a", "͵Α", "א״", "a״א", "א׳", "・", "・カ", "a・漢", "・あ", "・ー", "٠١", "٠۰", "۰١", "א", "א1", "אa", "aא", "1א", "א٠", "א1٠", "א-1", "א-־", "א\u05b0", "א1\u05b0", "א·", "ب1", "٠",
            "a\u0300\u05d0", "\u0897", "\U00010efd", "\ud800", "a\udfff", "ß", "ς", "i̇", "a\u200b", "𐐨", "𐐀", "ꙮ", "\u1c8a", "ᄀ", "가", "ᄀ\u1161", "\U0001fae8", "ö" * 45, "ö" * 60,
        ]
        for rest in [".example", ".é.example"]
        if rest == ".example" or len(label) < 3
    ] + [f"a@{label}.example" for label in ["é״", "א״", "·é", "lé·l", "é٠۰", "א1", "א-", "אa", "aא", "1א", "אé", "ａא", "é-é", "日本語", "ㄱ", "ا٠1", "ا1٠", "ا1", "ا\u064b", "éا", "・カ", "é・"]]
    + [f"a@{label}.{punycode('א')}.example" for label in ["1", "a", "a1", "1a", "é", "xn--4dbc", "a-1", "xn--a-9fa"]],
    "whole length": [
        "a" * 242 + "@b.example", "a" * 245 + "@b.example", "a" * 246 + "@b.example", "é" * 122 + "@b.example", "é" * 123 + "@b.example", "𝒜" * 61 + "@b.example", "𝒜" * 62 + "@b.example", "€" * 82 + "@b.example", "€" * 83 + "@b.example",
        "\u0958" * 41 + "@b.example", "\u0344" * 61 + "a@b.example", "a\u0344" * 61 + "@b.example", "a" * 228 + "@xn--bcher-kva.example", "a" * 234 + "@bücher.example", "a" * 236 + "@bücher.example", "a" * 238 + "@bücher.example",
        "a" * 240 + "@B.example", "\ufb2a" * 62 + "@b.example", "INFO@" + ".".join(["b" * 60] * 4) + ".co", "INFO@" + ".".join(["b" * 60] * 4) + ".com", '"' + "a" * 250 + '"@b.example', "A;B <" + "a" * 250 + "@b.example> y>",
        "a@" + ".".join(["ﬃ" * 21] * 3) + ".example", "é" * 100 + "@" + ".".join(["ﬃ" * 21] * 3) + ".example",
    ],
}

LETTERS = "abcxyzABCXYZ0189"
ATEXT = LETTERS + "!#$%&'*+-/=?^_`{|}~"
CHARACTERS = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
BY_CATEGORY = collections.defaultdict(list)
BY_DIRECTION = collections.defaultdict(list)
for character in CHARACTERS:
    BY_CATEGORY[unicodedata.category(character)].append(character)
    BY_DIRECTION[unicodedata.bidirectional(character)].append(character)
DECOMPOSED = [c for c in CHARACTERS if unicodedata.decomposition(c) and not unicodedata.decomposition(c).startswith("<")]
VIRAMAS = [c for c in CHARACTERS if unicodedata.combining(c) == 9]


def members(ranges):
    return [chr(code) for packed in ranges for code in range(packed >> 32, packed & 0xFFFFFFFF)]


LABEL = members(idnadata.codepoint_classes["PVALID"])
SCRIPTS = {name: members(ranges) for name, ranges in idnadata.scripts.items()}
JOINING = {name: members(ranges) for name, ranges in idnadata.joining_types.items()}


def one(*choices):
    """One of several: a text as it is, of a list one of its own, of a function what it draws."""
    choice = choices
    while not isinstance(choice, str):
        choice = choice() if callable(choice) else chance.choice(choice)
    return choice


def some(draw, least, most):
    return "".join(draw() for _ in range(chance.randint(least, most)))


def letter():
    return one(list(LETTERS))


def atext():
    return one(list(ATEXT))


def odd():
    return one(
        atext, list('".,:;()<>[]\\@ '), lambda: chr(chance.randrange(0x20)), list(BY_CATEGORY.values()), BY_CATEGORY["Mn"],
        DECOMPOSED, CHARACTERS, LABEL, list("éüßñÅİK≮≯≠․．＠\u0338\u0301\u200d\u200c\xad\u3164"),
    )


def local():
    return one(
        lambda: ".".join(some(atext, 1, 5) for _ in range(chance.randint(1, 3))),
        lambda: ".".join(some(odd, 0, 3) for _ in range(chance.randint(1, 3))),
        lambda: '"' + some(lambda: one(lambda: "\\" + odd(), odd, atext), 0, 5) + one('"', '"', "", '"x', '\\"'),
        lambda: some(lambda: one(LABEL, BY_CATEGORY["Mn"], DECOMPOSED, list("ae.")), 1, 6),
        "user", "Postmaster",
    )


def right_to_left():
    return one(BY_DIRECTION["R"], BY_DIRECTION["AL"], BY_DIRECTION["AL"], BY_DIRECTION["AN"], BY_DIRECTION["NSM"], list("1-a٠۰א"))


def joined():
    return one(*JOINING.values(), list("\u200c\u200c\u200d"), VIRAMAS, list("\u200c𗀀\u0897"))


def contextual():
    return one(list("ll·a1"), SCRIPTS["Greek"], SCRIPTS["Hebrew"], list("͵׳״・٠۰é"), SCRIPTS["Han"], SCRIPTS["Katakana"])


def u_label():
    return one(
        lambda: some(lambda: one(LABEL), 1, 5), lambda: some(right_to_left, 1, 5), lambda: some(joined, 2, 6),
        lambda: some(contextual, 1, 5), lambda: some(odd, 1, 4), lambda: some(lambda: one("é", "-", "a"), 1, 5),
    )


def a_label():
    return one(
        lambda: punycode(u_label()), lambda: punycode(u_label()), lambda: punycode(u_label()).upper(),
        lambda: "xn--" + some(lambda: one(letter, "-"), 1, 8), lambda: punycode(u_label() + chr(chance.randrange(0xD800, 0xE000))),
    )


def octet():
    return one(lambda: str(chance.randint(0, 255)), lambda: str(chance.randint(0, 300)), "", "00", "1000", "x")


def literal():
    v4 = ".".join(octet() for _ in range(chance.choice([4, 4, 4, 3, 5])))
    parts = [one("0", "1", "db8", "FFFF", "ffff", "12345", "g", "") for _ in range(chance.randint(1, 9))] + chance.choice([[], [], [v4]])
    v6 = ":".join(parts).replace(":0:", "::", 1) + one("", "", "", "", "%eth0", "%", "/64")
    return "[" + one(v4, "IPv6:" + v6, "ipv6:" + v6, lambda: some(odd, 0, 4), lambda: some(odd, 0, 3) + ":" + some(odd, 0, 3)) + "]"


def domain():
    host = lambda: some(lambda: one(letter, letter, letter, "-"), 1, 6)
    labels = [one(host, u_label, a_label) for _ in range(chance.randint(1, 2))]
    labels.append(one("com", "example", "example", "test", "c0m", "1", "рф", "com-", ""))
    return one(lambda: one(".", ".", ".", ".", "。", "．", "..", "․").join(labels), lambda: ".".join(labels), literal)


def address():
    return local() + one("@", "@", "@", "@", "@", "＠", "﹫", "@@") + domain()


def named():
    name = one(lambda: some(lambda: one(atext, " ", "."), 0, 6), lambda: '"' + some(odd, 0, 5) + '"', lambda: some(odd, 0, 5))
    return name + one("<", " <", "\u3000<", "<<") + address() + one(">", ">", ">", "", ">>", "> x")


def long():
    return one(
        lambda: one("a", "é", "€", "𝒜") * chance.randint(60, 250) + "@" + one("b.example", "bücher.example"),
        lambda: "a@" + ".".join(one("b", "é", "ﬃ", "㎉") * chance.randint(1, 66) for _ in range(chance.randint(1, 5))) + ".example",
    )


def random_text():
    return one(address, address, address, named, long, lambda: some(odd, 0, 12))


def judge(text):
    try:
        return {"text": text, "normalized": validate_email(text)[1]}
    except PydanticCustomError as error:
        return {"text": text, "reason": error.context["reason"]}


def kind(case):
    """Refusals that differ only in characters, labels and numbers are of one kind."""
    if "reason" not in case:
        return "accepted", ACCEPTED
    reason = re.sub(r"'.*'|\".*\"|U\+[0-9A-F]+|[0-9]+", "?", case["reason"])
    detail = re.fullmatch(r".*?\((.*)\)\.", reason)
    return (reason, SAME_DETAIL) if detail else (reason.split(":")[0], SAME_REFUSAL)


cases = {text: judge(text) for texts in BOUNDARIES.values() for text in texts}
boundaries = len(cases)
drawn = collections.Counter()
for text in (random_text() for _ in range(RANDOM_TEXTS)):
    if text not in cases and len(text) <= LONGEST_RANDOM_TEXT:
        case = judge(text)
        group, most = kind(case)
        drawn[group] += 1
        if drawn[group] <= most:
            cases[text] = case
FILE.write_text("".join(f"{json.dumps(case)}\n" for case in cases.values()))
print(f"{len(cases)} cases, {boundaries} of them boundaries; {FILE.stat().st_size} bytes", file=sys.stderr)
