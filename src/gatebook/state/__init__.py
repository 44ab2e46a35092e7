"""What people configure and who they are: resources, people, tokens, sessions. One revision counts every change."""
