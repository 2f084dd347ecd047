"""Models: policies and their adapters, the embedded VLM, and the packing of prompts and completions."""
