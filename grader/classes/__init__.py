"""Grades of a class: many submissions, of students that a roster names, kept in a ledger."""
