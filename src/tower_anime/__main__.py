"""`python -m tower_anime` is the same as `tower-anime`."""

from tower_anime.cli import main

if __name__ == "__main__":
    main()
