"""What is made of a run's result: text for people, JSON and JUnit for machines, a folder."""
