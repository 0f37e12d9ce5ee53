#!/bin/sh
# Grades the app of this repository. GitLab shows junit.xml beside the merge request; report.html is an artifact.
set -u
app=@FOLDER@/@ENTRY@
[ -e "$app" ] || [ ! -e @ENTRY@ ] || app=@ENTRY@
exec grade @KATA@ --submission --feedback @FEEDBACK@ --app "$app" --to junit:junit.xml --html report.html --color never
