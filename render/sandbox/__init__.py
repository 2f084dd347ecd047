"""The sandbox: confined worker processes, the messages to and from them, and pools of them."""
