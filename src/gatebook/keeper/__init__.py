"""What the keeper does beside answering: sealing and following in threads, its faces, its status. Built and connected by app.py."""
