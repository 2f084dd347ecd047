"""The live page: runs as they go, in a browser on this machine; reads run directories and loads no model.

Begin at `server.LiveServer`. `feed` reads what a run leaves on disk, `paired` compares two runs, `load` the machine.
"""
