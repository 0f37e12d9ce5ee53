#!/bin/sh
# Grades the app of this repository. The report is the summary of the job; failed checks stand beside the code.
set -u
app=@FOLDER@/@ENTRY@
[ -e "$app" ] || [ ! -e @ENTRY@ ] || app=@ENTRY@
exec grade @KATA@ --submission --feedback @FEEDBACK@ --app "$app" \
    --to github-summary:"${GITHUB_STEP_SUMMARY:-summary.md}" --to github-annotations
