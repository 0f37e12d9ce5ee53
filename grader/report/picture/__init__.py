"""The sequence picture: client, app and upstream as three lanes, time running down."""
