"""What a team's meetings, event types and log have to do with who belongs to it."""
