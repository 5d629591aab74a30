"""A node with two real-world mistakes, for the claims that no option of a good node can break.

It remembers a login by its TCP connection, as NTLM did, and it believes whatever a token says
without looking at its signature.
"""
