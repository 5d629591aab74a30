"""`python -m lab` is `sessionlab`."""

from lab.cli import main

if __name__ == "__main__":
    main()
