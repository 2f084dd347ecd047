"""The sandbox: confined worker processes, the messages to and from them, and pools of them.

Seen from the parent: `pool.py` deals jobs out to services (`service.py`), each of which keeps one worker running; a
worker is started under the outer layers by `launch.py`, and `layers.py` says which layers this machine offers. Seen
from inside: `program.py` runs each program in a child of its own, `reader.py` turns data into scenes and pictures, and
both put the inner layers on themselves (`confine.py`). The kinds of programs are named in `renderers.py`.
"""
