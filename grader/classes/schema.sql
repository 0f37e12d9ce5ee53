-- The ledger of a class. Moments are ISO 8601 with their time zone; digests are SHA-256 in hexadecimal.
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE katas (
    name TEXT NOT NULL, digest TEXT NOT NULL, id TEXT NOT NULL, title TEXT NOT NULL, version TEXT NOT NULL,
    pack TEXT NOT NULL, checks TEXT NOT NULL, position INTEGER NOT NULL,
    is_current INTEGER NOT NULL, -- of several specifications of one kata, the one that was graded by last
    PRIMARY KEY (name, digest)
) WITHOUT ROWID;

CREATE TABLE students (
    label TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, section TEXT NOT NULL,
    columns TEXT NOT NULL -- of the roster, as a JSON object
) WITHOUT ROWID;

CREATE TABLE submissions (
    student TEXT NOT NULL REFERENCES students, kata TEXT NOT NULL, attempt INTEGER NOT NULL,
    digest TEXT NOT NULL, handed_in TEXT, late_by REAL NOT NULL, is_marked_late INTEGER NOT NULL, source TEXT NOT NULL,
    why TEXT, sentence TEXT, -- why it is not graded
    PRIMARY KEY (student, kata, attempt)
) WITHOUT ROWID;

-- The normal form of a submission's app, by which equal ones are found; of the kata's stub the submission is ''.
CREATE TABLE forms (
    kata TEXT NOT NULL, submission TEXT NOT NULL, form TEXT NOT NULL, PRIMARY KEY (kata, submission)
) WITHOUT ROWID;

CREATE TABLE grades (
    submission TEXT NOT NULL, kata TEXT NOT NULL, specification TEXT NOT NULL, grader TEXT NOT NULL, seed TEXT NOT NULL,
    grading INTEGER NOT NULL, graded_at TEXT NOT NULL, seconds REAL NOT NULL,
    points INTEGER, possible INTEGER, inconclusive INTEGER,
    outcomes TEXT, -- a JSON object: the outcome of each check
    report BLOB, -- JSON, compressed by zlib; without one it is an infrastructure failure, and `trouble` says which
    trouble TEXT,
    PRIMARY KEY (submission, kata, specification, grader, seed, grading),
    CHECK ((report IS NULL) = (trouble IS NOT NULL))
);
