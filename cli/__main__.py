"""`python -m zerosight.cli`, as `accelerate launch -m` needs it."""

from .app import main

if __name__ == "__main__":
    main()
