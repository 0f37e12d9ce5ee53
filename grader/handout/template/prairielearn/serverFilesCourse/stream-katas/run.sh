#!/bin/sh
# PrairieLearn starts this in the image, with the kata and the name of the student's file.
set -u
base=${GRADE_ROOT:-/grade}
mkdir -p "$base/results"
cd "$base" || exit 3
code=0
grade "$1" --submission --feedback @FEEDBACK@ --app "$base/student/$2" --to prairielearn:"$base/results/results.json" --color never || code=$?
# 1: some check failed, which is a grade. Anything else but 0 is a failure of the grading itself.
[ "$code" -eq 1 ] || exit "$code"
