"""What a group of people share, who is in it, and what each of them may see and do there."""
