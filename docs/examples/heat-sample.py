#!/usr/bin/python3
"""Prints made-up heat, "PREFIX SCORE" a line, to try maps with: clouds of hot /24s, warm hosters, much that is cold.

heat-sample.py [WEEK]: another week has other clouds in some places.
"""

import random
import sys


def networks(week):
    """/24s as numbers, with scores from 1 to 255."""
    fixed, moving = random.Random("places"), random.Random(f"week {week}")
    scores = {}
    for cloud in range(90):
        middle = fixed.choice(range(1 << 16, 223 << 16))
        width, heat = fixed.choice((120, 500, 2500, 9000)), fixed.randrange(40, 240)
        if cloud % 3 == 0:
            heat = max(1, min(255, heat + moving.randrange(-120, 120)))
        for _ in range(width // 2 + 200):
            cell = int(moving.gauss(middle, width))
            if 0 < cell < 223 << 16:
                scores[cell] = max(scores.get(cell, 0), max(1, min(255, int(moving.gauss(heat, 25)))))
    for _ in range(6000):
        scores.setdefault(fixed.randrange(1 << 16, 223 << 16), fixed.randrange(1, 60))
    return scores


def main():
    week = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    for cell, score in sorted(networks(week).items()):
        print(f"{cell >> 16}.{cell >> 8 & 255}.{cell & 255}.0/24 {score}")


if __name__ == "__main__":
    main()
