"""The kinds of faults in an event stream: a sentence and a section of the standard for each."""

from __future__ import annotations

from grader.protocol.lines import Kind

_PARSING = "WHATWG HTML 9.2.5"
_INTERPRETING = "WHATWG HTML 9.2.6"
_END = "WHATWG HTML 9.2.6, end of the file"
_DATA = "WHATWG HTML 9.2.6, data field"
_ID = "WHATWG HTML 9.2.6, id field"
_RETRY = "WHATWG HTML 9.2.6, retry field"
_DECODING = "WHATWG HTML 9.2.6, decoding"


class SseFaultKind(Kind):
    """The kinds of faults in an event stream. The harmless ones are allowed, but their data is probably a mistake."""

    MISSING_BLANK_LINE = (
        'the stream ended before a blank line ended its last event ("{seen}"), so a browser drops that event: '
        'write an empty line after every event, as in "data: …\\n\\n"',
        _END,
    )
    JOINED_EVENTS = (
        'the data "{seen}" is JSON of its own on each line, but no blank line ends the events between the lines, so a '
        'browser joins them to one event: write an empty line after every event, as in "data: …\\n\\n"',
        _INTERPRETING,
    )
    CUT_OFF_LINE = (
        'the stream ended in the middle of the line "{seen}", so a browser drops it: '
        'end every line with "\\n", and every event with an empty line',
        _END,
    )
    BARE_JSON = (
        'the line "{seen}" has no field name, so a browser ignores it: write "data: " before it',
        _INTERPRETING,
    )
    UNSPLIT_NEWLINE = (
        'the line "{seen}" follows a data line but has no "data: " of its own, so a browser ignores it: '
        'split a value that contains a newline, and write "data: " before each of its lines',
        _DATA,
    )
    NOT_A_FIELD = (
        'the line "{seen}" is not a field ("name: value"), so a browser ignores it: '
        'write "data: " before data, and ":" before a comment',
        _INTERPRETING,
    )
    MISSPELT_FIELD = (
        'the field name of "{seen}" is not recognised, so a browser ignores the line: '
        "write data, event, id or retry in lower case, without a space before the name or the colon",
        _INTERPRETING,
    )
    NULL_IN_ID = (
        'the id "{seen}" contains a NULL character, so a browser ignores the id: leave that character out',
        _ID,
    )
    RETRY_NOT_DIGITS = (
        'the retry value "{seen}" does not consist of digits only, so a browser ignores it: '
        "write a whole number of milliseconds, without a unit",
        _RETRY,
    )
    BOM_IN_STREAM = (
        'a byte order mark (U+FEFF) comes before "{seen}", so a browser does not recognise the line: '
        "only the first bytes of a stream may be a byte order mark; encode with utf-8, not utf-8-sig",
        _DECODING,
    )
    INVALID_UTF8 = (
        'the bytes "{seen}" are not UTF-8, so a browser shows U+FFFD instead of them: '
        "encode text as UTF-8, and split it between characters, not between bytes",
        _PARSING,
    )
    NOT_A_NUMBER = (
        'the data "{seen}" contains NaN or Infinity, which are not valid JSON, so JSON.parse fails in a browser: '
        "send null or a string instead",
        "RFC 8259 6",
    )
    DOUBLED_DATA_PREFIX = (
        'the data begins with a second "data:" ("{seen}"): the app writes this prefix, and a library adds it again; '
        "write it in one place only",
        _INTERPRETING,
        True,
    )
    PYTHON_REPR = (
        'the data "{seen}" is Python notation, not JSON: encode the value with json.dumps',
        "RFC 8259 2",
        True,
    )
    JSON_IN_JSON = (
        'the data "{seen}" is a JSON string that contains JSON: the value was encoded twice; encode it once',
        "RFC 8259 7",
        True,
    )
    TYPE_WITHOUT_DATA = (
        'a blank line follows "{seen}" before any data, so a browser drops that event, and the next data is of type '
        "message: write the event line and its data lines without a blank line between them",
        _INTERPRETING,
        True,
    )
    UNKNOWN_FIELD = (
        'the field name of "{seen}" is not data, event, id or retry, so a browser ignores the line',
        _INTERPRETING,
        True,
    )
    MIXED_LINE_ENDINGS = (
        "from here on, lines have more than one kind of line ending (CR, LF, CRLF): this is allowed, but use one kind",
        _PARSING,
        True,
    )
