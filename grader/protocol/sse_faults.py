"""What can be wrong with an event stream: one sentence, one rule for each; no behaviour."""

from __future__ import annotations

from grader.protocol.lines import Kind

_PARSING = "WHATWG HTML 9.2.5"
_INTERPRETING = "WHATWG HTML 9.2.6"
_END = "WHATWG HTML 9.2.6, end of the file"


class SseFaultKind(Kind):
    """What can be wrong with an event stream. Harmless ones are legal framing around a doubtful payload."""

    MISSING_BLANK_LINE = (
        'the stream ended before a blank line ended its last event ("{seen}"), so a browser drops that event: '
        'write an empty line after every event, as in "data: …\\n\\n"',
        _END,
    )
    CUT_OFF_LINE = (
        'the stream ended in the middle of the line "{seen}", so a browser drops it: '
        'end every line with "\\n", and every event with an empty line',
        _END,
    )
    BARE_JSON = (
        'the line "{seen}" is JSON with no field name before it, so a browser ignores it: write "data: " before it',
        _INTERPRETING,
    )
    UNSPLIT_NEWLINE = (
        'the line "{seen}" follows a data line but has no "data: " of its own, so a browser ignores it: '
        'a value with a newline in it must be split, each of its lines starting with "data: "',
        _INTERPRETING,
    )
    NOT_A_FIELD = (
        'the line "{seen}" is not a field ("name: value"), so a browser ignores it: '
        'start payload with "data: " and comments with ":"',
        _INTERPRETING,
    )
    MISSPELT_FIELD = (
        'the field name of "{seen}" is not spelt as the standard has it, so a browser ignores the line: '
        "write data, event, id or retry in lower case, with no space before the name or before the colon",
        _INTERPRETING,
    )
    NULL_IN_ID = (
        'the id "{seen}" holds a NULL character, so a browser ignores it: leave it out',
        _INTERPRETING,
    )
    RETRY_NOT_DIGITS = (
        'the retry value "{seen}" is not made of digits alone, so a browser ignores it: '
        "write a whole number of milliseconds, with no unit",
        _INTERPRETING,
    )
    BOM_IN_STREAM = (
        'a byte order mark (U+FEFF) stands before "{seen}", so a browser does not know the line: '
        "only the very first bytes of a stream may be one; encode with utf-8, not utf-8-sig",
        _PARSING,
    )
    INVALID_UTF8 = (
        'the bytes "{seen}" are not UTF-8, so a browser shows U+FFFD in their place: '
        "encode text as UTF-8, and cut it between characters rather than between bytes",
        _PARSING,
    )
    NOT_A_NUMBER = (
        'the data "{seen}" holds NaN or Infinity, which JSON does not have, so JSON.parse fails in a browser: '
        "send null or a string in its place",
        "RFC 8259 6",
    )
    DOUBLED_DATA_PREFIX = (
        'the data begins with "data:" once more ("{seen}"): something adds the prefix that you have already written; '
        "write it in one place",
        _INTERPRETING,
        True,
    )
    PYTHON_REPR = (
        'the data "{seen}" is how Python prints a value, not JSON: encode it with json.dumps',
        "RFC 8259 2",
        True,
    )
    JSON_IN_JSON = (
        'the data "{seen}" is a JSON string that holds JSON: it was encoded twice; encode it once',
        "RFC 8259 7",
        True,
    )
    UNKNOWN_FIELD = (
        'the field of "{seen}" is none of data, event, id and retry, so a browser ignores it',
        _INTERPRETING,
        True,
    )
    MIXED_LINE_ENDS = (
        "lines end in more than one way (CR, LF, CRLF) from here on: it is allowed, but better pick one",
        _PARSING,
        True,
    )
