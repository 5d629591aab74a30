"""A lab that stays up until somebody ends it, and stacks that run already."""
