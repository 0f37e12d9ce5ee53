"""What comes of a class: a page for each student, one page for the class, gradebooks, and exports."""
