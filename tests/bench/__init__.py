"""What the main job costs, as ratios against things run in the same minute."""
