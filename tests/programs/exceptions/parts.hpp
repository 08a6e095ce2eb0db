// The parts of the program; each prints what it does.
#pragma once

void flow();
void objects();
