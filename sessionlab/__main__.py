"""`python -m sessionlab` is `sessionlab`."""

from sessionlab.lab.cli import main

if __name__ == "__main__":
    main()
