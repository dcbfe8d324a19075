# plugins/approx/pieces: shared by puma and bolt; compiled into each
pieces_sources = %D%/pieces.c %D%/pieces.h
