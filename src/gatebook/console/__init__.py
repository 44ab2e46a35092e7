"""The console: server-rendered pages for people who read the book. It holds no data of its own and runs no third-party JavaScript."""
