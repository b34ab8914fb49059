"""What somebody who logs in has: a password, and a second factor if they want one."""
