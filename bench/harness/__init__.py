"""The same work on Hookstead and on its peers, side by side."""
