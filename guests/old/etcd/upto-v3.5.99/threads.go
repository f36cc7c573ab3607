package main

// There are no asynchronous storage writes in v3.5.
