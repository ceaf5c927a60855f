// Declared in context.h.
#pragma once
